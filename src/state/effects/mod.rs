//! What a change does, said once: the objects it makes, drops and changes; the names it takes and frees; what it uses; the
//! rows it takes away or depends on.

mod objects;
mod rows;

pub(crate) use objects::{ObjectEffect, Verb};
pub(crate) use rows::{Loss, MayFail, is_of_same_enum};
