//! Checksums of meaning: of the canonical JSON of a node's operations, so that
//! comments, formatting and line ends are no edit.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Body, Kind, Operation};
use crate::backend::Backend;

/// The two checksums the ledger keeps: 64 hex digits each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksums {
    /// Of the way up.
    pub up: String,
    /// Of all that says how to go down: authored downs, `using_down`, `refill`, keys, `irreversible`.
    pub down: String,
}

impl Checksums {
    pub(super) fn of(body: &Body) -> Self {
        if says_nothing_of_down(body) { Self::of_canonical(body, &canonical_json(body)) } else { Self::apart(body) }
    }

    /// The checksums of a body that says nothing of the way down, from its canonical JSON: its way
    /// up is all there is.
    fn of_canonical(body: &Body, json: &str) -> Self {
        let downs = vec!["[null,null,null]"; body.up.len()].join(",");
        let down = format!(r#"{{"down":null,"irreversible":null,"operations":[{downs}]}}"#);
        Self { up: hash_text(json.as_bytes()), down: hash_text(down.as_bytes()) }
    }

    /// The way up and the way down taken apart.
    fn apart(body: &Body) -> Self {
        let (mut operations, mut downs) = (Vec::with_capacity(body.up.len()), Vec::with_capacity(body.up.len()));
        for operation in &body.up {
            let mut operation = Cow::Borrowed(operation);
            // Most operations say nothing of the way down, and need no copy.
            downs.push(if has_down(&operation) { take_down(operation.to_mut()) } else { json!([null, null, null]) });
            operations.push(operation);
        }
        let up = WayUp { up: operations, transaction: body.transaction, backends: body.backends.as_deref() };
        let down = json!({
            "down": body.down,
            "irreversible": body.irreversible,
            "operations": downs,
        });
        Self { up: hash(&up), down: hash(&down) }
    }
}

/// A body as the ledger keeps it: its canonical JSON, and the checksums, for the work of one.
#[must_use]
pub fn sealed(body: &Body) -> (String, Checksums) {
    let json = canonical_json(body);
    let sums = if says_nothing_of_down(body) { Checksums::of_canonical(body, &json) } else { Checksums::apart(body) };
    (json, sums)
}

fn says_nothing_of_down(body: &Body) -> bool {
    body.down.is_none() && body.irreversible.is_none() && !body.up.iter().any(has_down)
}

impl Operation {
    /// The operation less all that is only about the way down.
    #[must_use]
    pub fn up_alone(&self) -> Self {
        let mut operation = self.clone();
        if has_down(&operation) {
            take_down(&mut operation);
        }
        operation
    }
}

/// A [`Body`] less all that says how to go down, serialized as the body itself would be.
#[derive(Serialize)]
struct WayUp<'a> {
    up: Vec<Cow<'a, Operation>>,
    #[serde(skip_serializing_if = "super::migration::is_true")]
    transaction: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    backends: Option<&'a [Backend]>,
}

/// Whether an operation says anything that is only about the way down.
const fn has_down(operation: &Operation) -> bool {
    operation.irreversible.is_some()
        || matches!(
            operation.kind,
            Kind::Insert { .. }
                | Kind::Update { .. }
                | Kind::Delete { .. }
                | Kind::Sql { .. }
                | Kind::DropColumn { .. }
                | Kind::AlterColumn { .. }
        )
}

/// Takes out of an operation what is only about the way down, and gives it.
fn take_down(operation: &mut Operation) -> serde_json::Value {
    let irreversible = operation.irreversible.take();
    let (down, more) = match &mut operation.kind {
        Kind::Insert { down, key, .. } => (down.take(), serde_json::json!(std::mem::take(key))),
        Kind::Update { down, .. } | Kind::Delete { down, .. } | Kind::Sql { down, .. } => {
            (down.take(), serde_json::Value::Null)
        }
        Kind::DropColumn { refill, .. } => (None, serde_json::json!(refill.take())),
        Kind::AlterColumn { alter, .. } => (None, serde_json::json!(alter.using_down.take())),
        _ => (None, serde_json::Value::Null),
    };
    serde_json::json!([down, more, irreversible])
}

/// A node's operations as the ledger stores them: JSON with keys in a fixed order.
#[must_use]
pub fn canonical_json(body: &Body) -> String {
    // Serialization of plain data with string keys cannot fail.
    let mut json = serde_json::to_string(body).unwrap_or_default();
    json.shrink_to_fit();
    json
}

/// The checksum of a part of the manifest, in 64 digits.
pub(crate) fn hash(value: &impl Serialize) -> String {
    // As above: it cannot fail.
    hash_text(&serde_json::to_vec(value).unwrap_or_default())
}

fn hash_text(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('0', |digit| char::from(*digit));
    Sha256::digest(bytes).iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Text;

    fn sql(up: &str, down: Option<&str>) -> Body {
        Body {
            up: vec![Operation::new(Kind::Sql {
                statements: vec![Text::Same(up.into())],
                down: down.map(|text| vec![Text::Same(text.into())]),
                batch: false,
                reads: vec![],
                writes: vec![],
                creates: vec![],
                drops: vec![],
            })],
            down: None,
            transaction: true,
            backends: None,
            irreversible: None,
        }
    }

    #[test]
    fn a_changed_down_changes_the_down_checksum_only() {
        let (a, b) = (sql("SELECT 1", None).checksums(), sql("SELECT 1", Some("SELECT 2")).checksums());
        assert_eq!(a.up, b.up);
        assert_ne!(a.down, b.down);
    }

    #[test]
    fn a_changed_up_changes_the_up_checksum_only() {
        let (a, b) = (sql("SELECT 1", Some("")).checksums(), sql("SELECT 2", Some("")).checksums());
        assert_ne!(a.up, b.up);
        assert_eq!(a.down, b.down);
    }

    #[test]
    fn one_serialization_gives_the_checksums_of_two() {
        let mut plain = sql("x", None);
        plain.up = vec![
            Operation::new(Kind::Note { text: "a \"quoted\" word".into() }),
            Operation::new(Kind::DropTable { table: crate::ident::TableName::bare("t") }),
        ];
        let odd = Body { transaction: false, backends: Some(vec![Backend::Sqlite]), ..plain.clone() };
        for body in [plain.clone(), odd, Body { up: vec![], ..plain }] {
            assert!(says_nothing_of_down(&body));
            let (json, sums) = sealed(&body);
            assert_eq!((json, &sums), (canonical_json(&body), &Checksums::apart(&body)));
            assert_eq!(sums, body.checksums());
        }
        let body = sql("SELECT 1", Some("SELECT 2"));
        assert_eq!(sealed(&body), (canonical_json(&body), Checksums::apart(&body)));
    }

    #[test]
    fn the_canonical_form_reads_back_as_it_was() {
        let body = sql("SELECT 'x'", Some("SELECT 2"));
        assert_eq!(serde_json::from_str::<Body>(&canonical_json(&body)).unwrap(), body);
    }
}
