//! `resolve VERSION --statement K --ran|--not-ran`: settles what nobody else can tell.

use serde::Serialize;

use super::args::{Global, Resolve};
use super::connect::Place;
use super::console::Console;
use super::error::Error;
use super::project::Project;
use crate::ident::Version;
use crate::report::FORMAT_VERSION;

#[derive(Debug, Serialize)]
struct ResolveJson {
    format_version: u32,
    outcome: &'static str,
    version: Version,
    statement: usize,
    ran: bool,
}

/// Settles it.
///
/// # Errors
/// Whatever ends it other than well; a statement that is not in doubt is refused.
pub(super) async fn run(args: &Resolve, global: &Global, console: &Console) -> Result<(), Error> {
    console.has_format("resolve", &[])?;
    let project = Project::load(global, console)?;
    let place = Place::find(&project.manifest, global, &global.env)?;
    let mut session = place.connect(&project.manifest, Some(&args.limits)).await?;
    let (version, statement, ran) = (args.version, args.statement, args.ran);
    let name = session.resolve(version, statement, ran).await?;
    session.close().await;
    if console.is_json() {
        let json = ResolveJson { format_version: FORMAT_VERSION, outcome: "done", version, statement, ran };
        console.report(|out| crate::report::write_json(&json, out));
        return Ok(());
    }
    let what = if ran { "ran" } else { "did not run" };
    console.line(&format!(
        "Settled: statement {statement} of migration {version} ({name}) {what}. Run again, and it goes on from there."
    ));
    Ok(())
}
