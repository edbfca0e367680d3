//! What a change does, said once: the objects it makes, drops and changes; the names it takes and frees; what it uses; the
//! rows it takes away or depends on.

mod names;
mod objects;
mod resource;
mod rows;
mod uses;
mod words;

pub(crate) use names::Claim;
pub(in crate::state) use names::Holder;
pub(crate) use objects::{ObjectEffect, Verb};
pub(crate) use resource::{Mode, Namespace, Resource, conflict};
pub(crate) use rows::{Loss, MayFail, is_of_same_enum};
pub(in crate::state) use uses::say;
pub(crate) use uses::{Access, Uses};
pub(crate) use words::Words;
