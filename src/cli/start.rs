//! The start of commands that need both the manifest and its database: while one thread reads the
//! migrations, this one connects and reads the ledger.

use std::path::Path;
use std::thread;

use tokio::sync::oneshot;

use super::args::{Global, Limits};
use super::connect::Place;
use super::console::Console;
use super::error::Error;
use super::project::Project;
use crate::execute::{LedgerHeads, Session};
use crate::manifest::{self, Loaded, Manifest, ManifestError};

/// A database that is connected to.
pub(super) struct Connected {
    /// Where it is.
    pub place: Place,
    /// The session with it.
    pub session: Session,
    /// Its ledger, as far as it can be read without the manifest.
    pub heads: LedgerHeads,
}

/// Loads the manifest and connects to its database. `then` is called between: the manifest is there
/// and right, the database maybe not yet.
///
/// # Errors
/// Those of the manifest first, whatever the database says.
pub(super) async fn start(
    global: &Global,
    limits: Option<&Limits>,
    console: &Console,
    then: impl FnOnce() -> Result<(), Error>,
) -> Result<(Project, Connected), Error> {
    let (early, head) = oneshot::channel();
    let (done, loaded) = oneshot::channel();
    load_beside(global.manifest.clone(), early, done);
    let connecting = async {
        // None where something is wrong in it, or migrations stand in it.
        let manifest: Option<Manifest> = head.await.ok();
        match manifest {
            Some(manifest) => Some(connect(&manifest, global, limits).await),
            None => None,
        }
    };
    let mut connecting = std::pin::pin!(connecting);
    let mut loaded = std::pin::pin!(loaded);
    let mut connected = None;
    let loaded = loop {
        tokio::select! {
            biased;
            loaded = &mut loaded => break loaded,
            early = &mut connecting, if connected.is_none() => connected = Some(early),
        }
    };
    // The thread is gone without a word only where it could not be started.
    let loaded = loaded.unwrap_or_else(|_| manifest::load(&global.manifest));
    let project = Project::of(loaded, console)?;
    then()?;
    let connected = match connected {
        Some(early) => early,
        None => connecting.await,
    };
    let connected = match connected {
        Some(connected) => connected?,
        None => connect(&project.manifest, global, limits).await?,
    };
    Ok((project, connected))
}

/// Loads the manifest in a thread of its own.
fn load_beside(
    path: std::path::PathBuf,
    early: oneshot::Sender<Manifest>,
    done: oneshot::Sender<Result<Loaded, ManifestError>>,
) {
    let load = move |path: &Path| {
        let mut early = Some(early);
        let loaded = manifest::load_with(path, &mut |manifest| {
            if let Some(early) = early.take() {
                // Whoever waited may be gone.
                let _ = early.send(manifest);
            }
        });
        drop(early);
        let _ = done.send(loaded);
    };
    // Where no thread is to be had, both channels close, and `start` loads by itself.
    let _ = thread::Builder::new().name("manifest".to_owned()).spawn(move || load(&path));
}

async fn connect(manifest: &Manifest, global: &Global, limits: Option<&Limits>) -> Result<Connected, Error> {
    let place = Place::find(manifest, global, &global.env)?;
    let mut session = place.connect(manifest, limits).await?;
    let heads = session.ledger_heads().await?;
    Ok(Connected { place, session, heads })
}
