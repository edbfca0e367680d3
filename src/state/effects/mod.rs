//! What a change does, said once: the objects it makes, drops and changes; the names it takes and frees; what it uses; the
//! rows it takes away or depends on.

mod objects;

pub(crate) use objects::{ObjectEffect, Verb};
