//! Messages: several statements sent as one text, and which of them failed.
//!
//! Sent one by one, statements cost PostgreSQL a round trip each. So those with plain text are sent together, and their
//! results are counted; a text that could hold more or fewer than one statement, or swallow its neighbour, is sent alone.

use crate::render::Statement;

/// Statements that go as one text.
#[derive(Debug)]
pub(super) struct Message {
    /// The text.
    pub(super) sql: String,
    /// The statements in it: their numbers, and the character each starts at, from 0.
    parts: Vec<(usize, usize)>,
}

/// How long a message may be, in bytes. For each statement SQLite copies the rest of its message, so longer is not better.
pub(super) const LONGEST: usize = 32 * 1024;

/// Packs statements, given with their numbers, into messages.
pub(super) fn pack<'s>(statements: impl IntoIterator<Item = (usize, &'s Statement)>) -> Vec<Message> {
    pack_texts(statements.into_iter().map(|(number, statement)| {
        // What the ledger writes is quoted by this program, so it is one statement.
        (number, statement.sql.as_str(), statement.ledger.is_some() || is_plain(&statement.sql))
    }))
}

/// Packs texts, given with their numbers and whether each is certainly one whole statement.
pub(super) fn pack_texts<'s>(texts: impl IntoIterator<Item = (usize, &'s str, bool)>) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    let mut open = false;
    let mut characters = 0;
    for (number, text, plain) in texts {
        let fits = |message: &&mut Message| open && plain && message.sql.len() + text.len() < LONGEST;
        if let Some(message) = messages.last_mut().filter(fits) {
            message.sql.push_str(";\n");
            characters += 2;
            message.parts.push((number, characters));
            message.sql.push_str(text);
        } else {
            characters = 0;
            messages.push(Message { sql: text.to_owned(), parts: vec![(number, 0)] });
        }
        characters += text.chars().count();
        open = plain;
    }
    messages
}

impl Message {
    /// The numbers of the statements in it.
    pub(super) fn statements(&self) -> std::ops::Range<usize> {
        let first = self.parts.first().map_or(0, |(number, _)| *number);
        first..first + self.parts.len()
    }

    /// The number of the statement that failed, and the position in it (characters from 1) if the database gave one.
    /// `done` is how many results came before the error, `position` the error's position in the message.
    ///
    /// PostgreSQL parses a whole message before it runs any of it, and gives the position in the message of what it
    /// cannot parse. Where it gives none, the results before the error count.
    pub(super) fn blame(&self, done: usize, position: Option<usize>) -> (Option<usize>, Option<usize>) {
        if let Some(position) = position.and_then(|position| position.checked_sub(1)) {
            let part = self.parts.iter().rev().find(|(_, start)| *start <= position);
            return (part.map(|(number, _)| *number), part.map(|(_, start)| position - start + 1));
        }
        (self.parts.get(done).or(self.parts.last()).map(|(number, _)| *number), None)
    }
}

/// Whether a text is certainly one statement that ends where it ends: no semicolon, no comment, no
/// dollar quotes or backslashes, all quotes and brackets closed.
pub(super) fn is_plain(sql: &str) -> bool {
    let mut counts = [0_usize; 5];
    let mut before = 0;
    for &byte in sql.as_bytes() {
        match byte {
            b';' | b'$' | b'\\' | 0 => return false,
            b'-' if before == b'-' => return false,
            b'*' if before == b'/' => return false,
            b'\'' => counts[0] += 1,
            b'"' => counts[1] += 1,
            b'`' => counts[2] += 1,
            b'[' => counts[3] += 1,
            b']' => counts[4] += 1,
            _ => {}
        }
        before = byte;
    }
    let [single, double, back, open, close] = counts;
    single % 2 == 0 && double % 2 == 0 && back % 2 == 0 && open == close && !sql.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<'s>(list: &[&'s str]) -> Vec<(usize, &'s str, bool)> {
        list.iter().enumerate().map(|(index, text)| (index, *text, is_plain(text))).collect()
    }

    #[test]
    fn plain_statements_share_a_message() {
        let messages = pack_texts(texts(&["SELECT 1", "SELECT 'it''s'", "DROP TABLE \"a\""]));
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].sql, "SELECT 1;\nSELECT 'it''s';\nDROP TABLE \"a\"");
        assert_eq!(messages[0].blame(2, None).0, Some(2));
    }

    #[test]
    fn what_could_be_more_than_one_statement_goes_alone() {
        for odd in
            ["SELECT 1; SELECT 2", "SELECT 1 -- why", "SELECT 'a", "", "/* x */", "DO $$ BEGIN END $$", "SELECT [a"]
        {
            let messages = pack_texts(texts(&["SELECT 1", odd, "SELECT 3"]));
            assert_eq!(messages.len(), 3, "{odd}");
            assert_eq!(messages[1].blame(1, None).0, Some(1), "{odd}");
        }
    }

    #[test]
    fn a_place_in_the_message_becomes_one_in_its_statement() {
        let messages = pack_texts(texts(&["SELECT 'ä'", "SELEC 2"]));
        // `SELECT 'ä';\n` has 12 characters.
        assert_eq!(messages[0].blame(0, Some(13)), (Some(1), Some(1)));
        assert_eq!(messages[0].blame(0, Some(8)), (Some(0), Some(8)));
    }
}
