//! The start of commands that need both the manifest and its database: while one thread reads the
//! migrations, this one connects and reads the ledger.

use std::path::PathBuf;
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
    then: impl FnOnce(),
) -> Result<(Project, Connected), Error> {
    // Where the head is not right, there is nothing to do beside loading.
    let Some(head) = manifest::head(&global.manifest) else {
        let project = Project::load(global, console)?;
        then();
        let connected = connect(&project.manifest, global, limits).await?;
        return Ok((project, connected));
    };
    let mut loading = std::pin::pin!(load_beside(global.manifest.clone()));
    let mut connecting = std::pin::pin!(connect(&head, global, limits));
    let mut connected = None;
    let loaded = loop {
        tokio::select! {
            biased;
            loaded = &mut loading => break loaded,
            early = &mut connecting, if connected.is_none() => connected = Some(early),
        }
    };
    // The thread ends without a word only where it could not be started.
    let loaded = loaded.unwrap_or_else(|_| manifest::load(&global.manifest));
    let project = Project::of(loaded, console)?;
    then();
    let connected = match connected {
        Some(early) => early?,
        None => connecting.await?,
    };
    Ok((project, connected))
}

/// Loads the manifest in a thread of its own.
fn load_beside(path: PathBuf) -> oneshot::Receiver<Result<Loaded, ManifestError>> {
    let (done, loaded) = oneshot::channel();
    let load = move || {
        // Whoever waited may be gone.
        let _ = done.send(manifest::load(&path));
    };
    // Where no thread is to be had, the channel closes.
    let _ = thread::Builder::new().name("manifest".to_owned()).spawn(load);
    loaded
}

async fn connect(manifest: &Manifest, global: &Global, limits: Option<&Limits>) -> Result<Connected, Error> {
    let place = Place::find(manifest, global, &global.env)?;
    let mut session = place.connect(manifest, limits).await?;
    let heads = session.ledger_heads().await?;
    Ok(Connected { place, session, heads })
}
