//! A statement with holes for values. sea-query writes it once; a plan fills it for each of its
//! steps, of which there may be thousands.

use sea_query::Expr;

/// What stands for a hole while sea-query writes: no name and no SQL of the ledger's has it.
const HOLE: &str = "\u{1}";

/// A statement of the ledger's, less the values of one row.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// The SQL around the holes, in order.
    pieces: Vec<String>,
}

impl Frame {
    /// A hole, where sea-query wants an expression.
    pub(super) fn hole() -> Expr {
        Expr::cust(HOLE)
    }

    /// The frame of a statement that sea-query wrote with holes.
    pub(super) fn of(sql: &str) -> Self {
        // Beside an operator, sea-query puts brackets around what it does not know.
        let sql = sql.replace(&format!("({HOLE})"), HOLE);
        Self { pieces: sql.split(HOLE).map(str::to_owned).collect() }
    }

    /// The statement with its values, quoted already, one for each hole in order.
    pub(super) fn fill(&self, values: &[&str]) -> String {
        let length = |texts: &mut dyn Iterator<Item = usize>| texts.sum::<usize>();
        let mut sql = String::with_capacity(
            length(&mut self.pieces.iter().map(String::len)) + length(&mut values.iter().map(|value| value.len())),
        );
        let mut values = values.iter();
        for piece in &self.pieces {
            sql.push_str(piece);
            // One value fewer than pieces.
            sql.push_str(values.next().copied().unwrap_or_default());
        }
        sql
    }

    /// A filled statement with other values in its last two holes. `None` where it does not end with the `old` ones.
    pub(super) fn with_last(&self, sql: &str, old: [&str; 2], new: [&str; 2]) -> Option<String> {
        let [.., between, end] = self.pieces.as_slice() else { return None };
        let tail = |[last_but_one, last]: [&str; 2]| [last_but_one, between, last, end].concat();
        sql.strip_suffix(&tail(old)).map(|head| [head, &tail(new)].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_in_order() {
        let frame = Frame::of("VALUES (\u{1}, 1, \u{1})");
        assert_eq!(frame.fill(&["'a'", "now()"]), "VALUES ('a', 1, now())");
        let filled = frame.fill(&["'a'", "now()"]);
        assert_eq!(frame.with_last(&filled, ["'a'", "now()"], ["2", "3"]).unwrap(), "VALUES (2, 1, 3)");
        assert_eq!(frame.with_last(&filled, ["'b'", "now()"], ["2", "3"]), None);
        assert_eq!(Frame::of("a = (\u{1})").fill(&["'b'"]), "a = 'b'");
    }
}
