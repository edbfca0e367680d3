//! Objects that belong to no table: how any of them is created and dropped. What is particular to a kind is in its own file.

use super::{Change, Changes, Lower};
use crate::backend::Backend;
use crate::diagnostic::{Code, nearest};
use crate::state::objects::Misfit;
use crate::state::{Object, SchemaObject, StandaloneObject};

impl Lower<'_> {
    /// Creates an object, unless it cannot be as it was asked for, or is there.
    pub(super) fn create_object(&mut self, asked: Result<impl StandaloneObject, Misfit>) -> Changes {
        let object = match asked {
            Ok(object) => object,
            Err(Misfit { code, part, message, help }) => {
                let diagnostic = self.error(code, part, message).help(help);
                self.report(diagnostic);
                return None;
            }
        };
        self.exist_here(&object)?;
        let qualified = object.qualified_name();
        if let Some(name) = qualified {
            self.schema_fits(name, "object")?;
        }
        let (kind, name) = (object.kind(), object.full_name());
        if !self.fits(qualified.map_or(name.as_str(), |name| name.name.as_str()), "object") {
            return None;
        }
        if self.state.object_named(kind, &name).is_some() {
            let diagnostic = self.error(Code::AlreadyExists, "object", format!("{kind} `{name}` already exists"));
            self.report(diagnostic);
            return None;
        }
        Some(vec![Change::Create(object.object())])
    }

    /// Drops an object of the kind and name of this one, unless something needs it.
    pub(super) fn drop_object(&mut self, named: &impl StandaloneObject) -> Changes {
        let object = self.existing_object(named)?;
        let (kind, name) = (named.kind(), named.full_name());
        if let Some(by) = object.get().needed_by(self.state) {
            let message = format!("{kind} `{name}` is still needed by {by}");
            let help = format!("drop {by} first, or what of it needs the {kind}");
            let diagnostic = self.error(Code::StillReferenced, "object", message).help(help);
            self.report(diagnostic);
            return None;
        }
        Some(vec![Change::Drop(object)])
    }

    /// An object of the kind and name of this one, or an error with the nearest name.
    pub(super) fn existing_object(&mut self, named: &impl StandaloneObject) -> Option<Object> {
        self.exist_here(named)?;
        let (kind, name) = (named.kind(), named.full_name());
        let found = self.state.object_named(kind, &name);
        if found.is_none() {
            let others = self.state.standalone().into_iter().filter(|other| other.kind() == kind);
            let others: Vec<String> = others.map(SchemaObject::full_name).collect();
            let message = format!("no migration before this one creates the {kind} `{name}`");
            let mut diagnostic = self.error(Code::UnknownTable, "object", message);
            if let Some(near) = nearest(&name, others.iter().map(String::as_str)) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            }
            self.report(diagnostic);
        }
        found
    }

    fn exist_here(&mut self, object: &impl StandaloneObject) -> Option<()> {
        if object.exists_on(self.state.backend) {
            return Some(());
        }
        let message = format!("{} has no {}s", self.state.backend.title(), object.kind());
        let has = Backend::ALL.into_iter().filter(|backend| object.exists_on(*backend));
        let has: Vec<String> = has.map(|backend| format!("\"{backend}\"")).collect();
        let help = format!("`backends = [{}]` keeps the operation away from it", has.join(", "));
        let diagnostic = self.error(Code::UnsupportedByBackend, "object", message).help(help);
        self.report(diagnostic);
        None
    }
}
