//! The table and the JSON of one database.

use super::*;
use crate::ident::Version;
use crate::plan::{InfoRow, InfoState, Progress};
use crate::report::Paint;

fn row(version: u128, name: &str, state: InfoState) -> InfoRow {
    InfoRow {
        version: Version::new(version).unwrap(),
        name: name.into(),
        state,
        orphaned: false,
        up_edited: false,
        down_edited: false,
        applied_at: (state != InfoState::Pending).then(|| "2026-01-14T10:15:30Z".into()),
        requires: vec![],
        progress: None,
    }
}

fn info() -> Info {
    let mut gone = row(20_260_102_090_000, "gone_from_this_branch", InfoState::Applied);
    gone.orphaned = true;
    let mut edited = row(20_260_103_090_000, "create_posts", InfoState::Applied);
    edited.down_edited = true;
    edited.requires = vec!["create_users".into()];
    let mut broken = row(20_260_104_090_000, "a_name_so_long_that_it_fits_into_no_table_of_80", InfoState::Applying);
    broken.progress = Some(Progress { done: 1, unknown: Some(2), of: 3, place: None });
    Info {
        current_version: Version::new(20_260_101_120_000),
        exact: false,
        latest_version: Version::new(20_260_105_090_000),
        applied: 3,
        pending: 1,
        orphaned: 1,
        migrations: vec![
            row(20_260_101_120_000, "create_users", InfoState::Applied),
            gone,
            edited,
            broken,
            row(20_260_105_090_000, "create_tags", InfoState::Pending),
        ],
    }
}

fn written(info: &Info, write: impl Fn(&InfoPage<'_>, &mut Vec<u8>)) -> String {
    let about = About { project: "blog".into(), environment: Some("development".into()), database: None };
    let mut out = Vec::new();
    write(&InfoPage { info, backend: Backend::Sqlite, about: &about }, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn the_table_fits_into_80_columns() {
    let text = written(&info(), |page, out| write_text(page, Paint::default(), out).unwrap());
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn nothing_applied_and_nothing_there_read_well() {
    let mut empty = info();
    empty.migrations.clear();
    (empty.current_version, empty.latest_version, empty.exact) = (None, None, true);
    (empty.applied, empty.pending, empty.orphaned) = (0, 0, 0);
    insta::assert_snapshot!(written(&empty, |page, out| write_text(page, Paint::default(), out).unwrap()));
}

#[test]
fn json_has_the_contract_s_names() {
    let text = written(&info(), |page, out| write_json(page, out).unwrap());
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        keys(&json),
        "applied backend current_version environment exact format_version latest_version migrations orphaned pending"
    );
    assert_eq!(keys(&json["migrations"][0]), "applied_at down_edited name orphaned requires state up_edited version");
    assert_eq!(json["current_version"], "20260101120000");
    assert_eq!(json["migrations"][4]["applied_at"], serde_json::Value::Null);
}
