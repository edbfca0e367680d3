//! `stamp ENV`: writes an environment's name into its database.

use serde::Serialize;

use super::args::{Global, Stamp};
use super::connect::Place;
use super::console::Console;
use super::error::{Error, Refusal};
use super::project::Project;
use crate::report::FORMAT_VERSION;

#[derive(Debug, Serialize)]
struct StampJson<'a> {
    format_version: u32,
    outcome: &'static str,
    environment: &'a str,
    before: Option<&'a str>,
}

/// Writes it. Over the name of a protected environment only where that is allowed: after it, a
/// reset meant for another environment would run there.
///
/// # Errors
/// Whatever ends it other than well.
pub(super) async fn run(args: &Stamp, global: &Global, console: &Console) -> Result<(), Error> {
    console.has_format("stamp", &[])?;
    let project = Project::load(global, console)?;
    let name = args.environment.as_str();
    let place = Place::find(&project.manifest, global, name)?;
    let mut session = place.connect(&project.manifest, Some(&args.limits)).await?;
    let ledger = session.ledger().await?;
    if let Some(stamped) = ledger.environment.as_deref().filter(|stamped| *stamped != name) {
        // A name that the manifest does not know may be protected in another one.
        let protected = project.manifest.environments.get(stamped).is_none_or(|known| known.protected);
        if protected && !(args.allow_protected && args.yes) {
            allow(stamped, name, args, &place, console)?;
        }
    }
    let before = session.stamp(name).await?;
    session.close().await;
    if console.is_json() {
        let json =
            StampJson { format_version: FORMAT_VERSION, outcome: "done", environment: name, before: before.as_deref() };
        console.report(|out| crate::report::write_json(&json, out));
        return Ok(());
    }
    console.line(&match before {
        Some(before) if before == name => format!("{} is stamped `{name}` already.", place.url),
        Some(before) => format!("{} is stamped `{name}` now; it was `{before}`.", place.url),
        None => format!("{} is stamped `{name}` now.", place.url),
    });
    Ok(())
}

fn allow(stamped: &str, name: &str, args: &Stamp, place: &Place, console: &Console) -> Result<(), Refusal> {
    let environment = stamped.to_owned();
    let what = format!("takes its name off {}", place.url);
    if args.allow_protected && console.can_ask {
        let question = format!("This {what}.\nType the name that it has now ({stamped}) to go on: ");
        return match console.ask(&question) {
            Some(answer) if answer == environment => Ok(()),
            _ => Err(Refusal::NotConfirmed { environment }),
        };
    }
    Err(Refusal::Protected {
        environment,
        what,
        losing: Vec::new(),
        next: format!("`dbmigrate stamp {name} --allow-protected --yes`, if that is what you mean"),
    })
}
