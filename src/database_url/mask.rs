//! Secrets in text that is no URL by itself: a line of `schema.toml` that is drawn, an argument that is repeated.
//! What may be one is overwritten with asterisks, byte by byte, so that places in the text stay where they are. Rather
//! too much is overwritten than too little.

use std::borrow::Cow;
use std::ops::Range;

use super::DatabaseUrl;

/// Keys whose values name databases, also those that people write in place of `url`.
const URL_KEYS: [&str; 7] = ["url", "uri", "dsn", "database_url", "connection", "connection_string", "connect"];

/// Words in the names of keys with secrets.
const SECRET_WORDS: [&str; 4] = ["pass", "pwd", "secret", "token"];

/// The text with what may be a password in asterisks.
#[must_use]
pub fn masked(text: &str) -> Cow<'_, str> {
    let mut bytes: Option<Vec<u8>> = None;
    let (mut start, mut of_database) = (0, false);
    for line in text.split_inclusive('\n') {
        if let Some(section) = line.trim_start().strip_prefix('[') {
            let section = section.trim_start_matches('[').trim_start();
            of_database = section.starts_with("database") || section.starts_with("environment");
        }
        for secret in secrets(line, of_database) {
            let bytes = bytes.get_or_insert_with(|| text.as_bytes().to_vec());
            if let Some(secret) = bytes.get_mut(start + secret.start..start + secret.end) {
                secret.fill(b'*');
            }
        }
        start += line.len();
    }
    match bytes.map(String::from_utf8) {
        None => Cow::Borrowed(text),
        // Whole characters are overwritten; were it otherwise, nothing would be shown.
        Some(masked) => Cow::Owned(masked.unwrap_or_default()),
    }
}

/// Where a line may hold secrets.
fn secrets(line: &str, of_database: bool) -> Vec<Range<usize>> {
    let line = line.trim_end();
    let mut found = Vec::new();
    if let (Some(slashes), Some(at)) = (line.find("://"), line.rfind('@'))
        && slashes < at
    {
        let before = line.get(..slashes).unwrap_or_default();
        let word = before.rfind([' ', '\t', '"', '\'', '=', '`']).map_or(0, |end| end + 1);
        let start = word + behind_scheme(line.get(word..).unwrap_or_default());
        // A user alone is no secret.
        found.extend(line.get(start..at).filter(|text| text.contains([':', '='])).map(|_| start..at));
    }
    found.extend(line.match_indices('@').filter_map(|(at, _)| user_and_password(line, at)));
    for (equals, _) in line.match_indices('=') {
        let before = line.get(..equals).unwrap_or_default();
        let spaced = before.len() > before.trim_end().len();
        let key = before.trim_end().rsplit(|c: char| !(c.is_alphanumeric() || "_-.".contains(c))).next();
        let key = key.unwrap_or_default().to_ascii_lowercase();
        let after = line.get(equals + 1..).unwrap_or_default();
        let start = equals + 1 + (after.len() - after.trim_start().len());
        let value = after.trim_start();
        let quote = value.chars().next().filter(|c| "\"'".contains(*c));
        let start = start + quote.map_or(0, char::len_utf8);
        let value = line.get(start..).unwrap_or_default();
        if SECRET_WORDS.iter().any(|word| key.contains(word)) && (of_database || !spaced && quote.is_none()) {
            found.push(start..start + value_len(value, quote));
        } else if URL_KEYS.contains(&key.rsplit('.').next().unwrap_or_default()) && may_hold_secret(value, quote) {
            let end = quote.map_or(line.len(), |quote| start + until(value, quote));
            found.push(start + behind_scheme(value)..end);
        }
    }
    found
}

/// Where what is behind `scheme://` starts in a text; at its start, if it does not begin so.
fn behind_scheme(text: &str) -> usize {
    let is_scheme = |scheme: &&str| scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    text.split("://")
        .next()
        .filter(is_scheme)
        .filter(|scheme| scheme.len() < text.len())
        .map_or(0, |scheme| scheme.len() + 3)
}

/// The `password` of `user:password@host`, which ends at the byte `at`.
fn user_and_password(line: &str, at: usize) -> Option<Range<usize>> {
    let before = line.get(..at)?;
    let word = before.rfind([' ', '\t', '"', '\'', '`']).map_or(0, |end| end + 1);
    let behind = |(colon, _): (usize, &'_ str)| before.get(word + colon + 1..);
    // `://` is behind a scheme, and `:=` is SQL.
    let password = before.get(word..)?.match_indices(':').filter_map(behind).find(|text| !text.starts_with("//"))?;
    (!password.is_empty() && !password.starts_with('=')).then(|| at - password.len()..at)
}

/// How long the value at the start of a text is: to the quote that closes it, else to what ends a word.
fn value_len(text: &str, quote: Option<char>) -> usize {
    let word = || text.find([' ', '\t', ';', '"', '\'']).unwrap_or(text.len());
    quote.map_or_else(word, |quote| until(text, quote))
}

/// Where a quote closes a value: one that is in the middle of it does not.
fn until(text: &str, quote: char) -> usize {
    let closes = |end: &usize| {
        let after = text.get(end + 1..).unwrap_or_default().trim_start();
        after.is_empty() || after.starts_with([',', '}', ']', '#'])
    };
    text.match_indices(quote).map(|(end, _)| end).find(closes).unwrap_or(text.len())
}

/// Whether the value of a key for URLs may hold more than can be shown: whatever is not understood may.
fn may_hold_secret(value: &str, quote: Option<char>) -> bool {
    let value = quote.and_then(|quote| value.get(..until(value, quote))).unwrap_or(value);
    let is_clear = |url: DatabaseUrl| url.to_string() == value;
    value.contains([':', '@', '=']) && !value.starts_with('$') && !value.parse().is_ok_and(is_clear)
}
