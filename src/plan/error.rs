//! Why no plan can be made: the target is not there.

use crate::ident::Version;

/// A target that is not there. (What is wrong with a plan that *was* made is a diagnostic in it.)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No migration has that version.
    #[error("there is no migration of version {version}{}", hint(.nearest.as_ref()))]
    NoVersion {
        /// The version asked for.
        version: Version,
        /// The migration nearest below it.
        nearest: Option<String>,
    },
    /// No migration has that name.
    #[error("there is no migration `{name}`{}", hint(.nearest.as_ref()))]
    NoName {
        /// The name asked for.
        name: String,
        /// The nearest name.
        nearest: Option<String>,
    },
    /// `down NAME` of something that is not applied.
    #[error("`{name}` is not applied, so it cannot be undone")]
    NotApplied {
        /// The name asked for.
        name: String,
    },
}

fn hint(nearest: Option<&String>) -> String {
    nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
