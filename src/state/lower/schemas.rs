//! Extensions and schemas, where a database has them.

use super::{Change, Changes, Lower, nearest};
use crate::diagnostic::Code;

impl Lower<'_> {
    pub(super) fn create_extension(&mut self, name: &str) -> Changes {
        self.has(self.state.backend.capabilities().extensions, "extensions")?;
        self.stands_not("extension", name, self.state.extensions().iter().any(|other| other == name))?;
        Some(vec![Change::CreateExtension(name.to_owned())])
    }

    pub(super) fn drop_extension(&mut self, name: &str) -> Changes {
        self.has(self.state.backend.capabilities().extensions, "extensions")?;
        self.stands("extension", name, self.state.extensions().to_vec())?;
        Some(vec![Change::DropExtension { name: name.to_owned(), made_here: false }])
    }

    pub(super) fn create_schema(&mut self, name: &str) -> Changes {
        self.has(self.state.backend.capabilities().schemas, "schemas")?;
        if !self.fits(name, "object") {
            return None;
        }
        self.stands_not("schema", name, self.state.schemas().iter().any(|other| other == name))?;
        Some(vec![Change::CreateSchema(name.to_owned())])
    }

    pub(super) fn drop_schema(&mut self, name: &str) -> Changes {
        self.has(self.state.backend.capabilities().schemas, "schemas")?;
        self.stands("schema", name, self.state.schemas().to_vec())?;
        if let Some(within) = self.state.within_schema(name) {
            let message = format!("schema `{name}` still has {within} in it");
            let diagnostic = self.error(Code::StillReferenced, "object", message).help("drop what is in it first");
            self.report(diagnostic);
            return None;
        }
        Some(vec![Change::DropSchema(name.to_owned())])
    }

    fn has(&mut self, has: bool, what: &str) -> Option<()> {
        if has {
            return Some(());
        }
        let message = format!("{} has no {what}", self.state.backend.title());
        let help = "`backends = [\"postgres\"]` keeps the operation away from it";
        let diagnostic = self.error(Code::UnsupportedByBackend, "object", message).help(help);
        self.report(diagnostic);
        None
    }

    fn stands_not(&mut self, kind: &str, name: &str, stands: bool) -> Option<()> {
        if !stands {
            return Some(());
        }
        let diagnostic = self.error(Code::AlreadyExists, "object", format!("{kind} `{name}` stands already"));
        self.report(diagnostic);
        None
    }

    fn stands(&mut self, kind: &str, name: &str, all: impl IntoIterator<Item = String>) -> Option<()> {
        let all: Vec<String> = all.into_iter().collect();
        if all.iter().any(|other| other == name) {
            return Some(());
        }
        let message = format!("no migration before this one creates the {kind} `{name}`");
        let mut diagnostic = self.error(Code::UnknownTable, "object", message);
        if let Some(near) = nearest(name, all.iter().map(String::as_str)) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        self.report(diagnostic);
        None
    }
}
