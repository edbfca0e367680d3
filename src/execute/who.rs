//! Who runs this, when, and under which id: what the ledger's history keeps of a run.

use std::hash::{BuildHasher, Hasher};

/// The first of these variables that says something.
fn variable(names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

/// Variables that hold the user's name.
const USER: [&str; 3] = ["USER", "LOGNAME", "USERNAME"];

/// The user and the machine, as far as the environment tells: `ada@build-7`.
pub(super) fn who() -> String {
    let user = variable(&USER).or_else(account).or_else(|| Some(format!("uid {}", uid()?)));
    let user = user.unwrap_or_else(|| "unknown".to_owned());
    let host = variable(&["HOSTNAME", "COMPUTERNAME"])
        .or_else(|| std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned()))
        .filter(|name| !name.is_empty());
    match host {
        Some(host) => format!("{user}@{host}"),
        None => user,
    }
}

/// The name that libpq logs in with where it is told none: the account's, whatever the variables say, if it can be known.
pub(super) fn login() -> Option<String> {
    account().or_else(|| variable(&USER))
}

/// The name of the account that this process runs under.
fn account() -> Option<String> {
    let uid = uid()?;
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, id) = (fields.next()?, fields.next()?, fields.next()?);
        (id == uid).then(|| name.to_owned())
    })
}

#[cfg(target_os = "linux")]
fn uid() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    Some(std::fs::metadata("/proc/self").ok()?.uid().to_string())
}

#[cfg(not(target_os = "linux"))]
fn uid() -> Option<String> {
    None
}

/// Now, in UTC, RFC 3339 to the second.
pub(super) fn now() -> String {
    let now = jiff::Timestamp::now();
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Now, in UTC, RFC 3339 to the millisecond.
pub(super) fn now_precisely() -> String {
    let now = jiff::Timestamp::now();
    format!("{}.{:03}Z", now.strftime("%Y-%m-%dT%H:%M:%S"), now.as_millisecond().rem_euclid(1000))
}

/// An id that sorts by time and is no other run's: `20260114T101500.123Z-1f0c9a7e`.
pub(super) fn run_id() -> String {
    let now = jiff::Timestamp::now();
    // The standard library seeds each hasher from the system's randomness.
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    let random = hasher.finish() & 0xffff_ffff;
    let millisecond = now.as_millisecond().rem_euclid(1000);
    format!("{}.{millisecond:03}Z-{random:08x}", now.strftime("%Y%m%dT%H%M%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_sort_by_time_and_differ() {
        let (a, b) = (run_id(), run_id());
        assert_ne!(a, b);
        assert!(a.split('-').next() <= b.split('-').next());
        assert_eq!(now().len(), "2026-01-14T10:15:00Z".len());
    }
}
