//! What each format looks like.

use super::*;
use crate::diagnostic::{Code, Fix, Span};

fn written(format: CheckFormat) -> String {
    let mut sources = Sources::default();
    let a = sources.add("migrations/1_a.toml", "[[up]]\ncreate_index = \"slugs\"\ncolumns = [\"slug\"]\n");
    let b = sources.add("migrations/2 b.toml", "[[up]]\r\ndrop_column = \"posts.slug\"\r\n");
    let mut conflict =
        Diagnostic::new(Code::UnorderedConflict, "`a` and `b` both touch posts.slug, and nothing orders them")
            .of("b")
            .at(Span::new(b, 22..34), "drops posts.slug")
            .at(Span::new(a, 42..48), "uses posts.slug")
            .note("this order is allowed and breaks: b, a")
            .help("add `requires = [\"a\"]` to b (`dbmigrate check --fix`)");
    conflict.related.push("a".to_owned());
    conflict.witness = Some(vec!["b".to_owned(), "a".to_owned()]);
    conflict.fix = Some(Fix { migration: "b".to_owned(), requires: "a".to_owned() });
    let loss = Diagnostic::new(Code::DataLoss, "100% of it").of("b").on(Backend::Sqlite).at(Span::new(b, 0..6), "");
    let found = [conflict, loss];
    let page = CheckPage {
        migrations: 2,
        backends: &[Backend::Sqlite, Backend::Postgres],
        diagnostics: &found,
        sources: &sources,
        proof: Proof::of(&found),
        quiet: false,
    };
    let mut out = Vec::new();
    write(&page, format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn for_people() {
    insta::assert_snapshot!(written(CheckFormat::Text(Paint::default())));
}

#[test]
fn for_programs() {
    insta::assert_snapshot!(written(CheckFormat::Json));
}

#[test]
fn for_github() {
    insta::assert_snapshot!(written(CheckFormat::Github));
}

/// The properties that the schema of SARIF 2.1.0 requires, and the values it allows.
#[test]
fn sarif_has_what_its_schema_requires() {
    let log: serde_json::Value = serde_json::from_str(&written(CheckFormat::Sarif)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().contains("sarif-2.1.0"));
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "dbmigrate");
    let rules = driver["rules"].as_array().unwrap();
    assert_eq!(rules.len(), Code::ALL.len());
    for rule in rules {
        assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string(), "{rule}");
        assert!(rule["help"]["text"].is_string());
        assert!(
            ["error", "warning", "note", "none"].contains(&rule["defaultConfiguration"]["level"].as_str().unwrap())
        );
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        let places = [&result["locations"], &result["relatedLocations"]];
        for place in places.into_iter().filter_map(|places| places.as_array()).flatten() {
            let place = &place["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            assert!(!uri.contains(' ') && uri.starts_with("migrations/"), "{uri}");
            for key in ["startLine", "startColumn", "endLine", "endColumn"] {
                assert!(place["region"][key].as_u64().unwrap() >= 1, "{key}");
            }
        }
    }
    assert_eq!(results[0]["relatedLocations"].as_array().unwrap().len(), 1);
}
