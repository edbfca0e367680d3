//! The JSON contracts: one document on stdout, its names and its values.

use serde_json::{Value, json};

use crate::cli::support::Project;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn info() {
    let project = Project::blog();
    project.run("exec 20260101120000").code(0);
    let json = project.run("info --format json").code(0).json();
    assert_eq!(
        keys(&json),
        [
            "applied",
            "backend",
            "current_version",
            "environment",
            "exact",
            "format_version",
            "latest_version",
            "migrations",
            "orphaned",
            "pending"
        ]
    );
    assert_eq!(json["format_version"], 1);
    assert_eq!(json["current_version"], "20260101120000");
    assert_eq!((&json["applied"], &json["pending"]), (&json!(1), &json!(3)));
    let row = &json["migrations"][1];
    assert_eq!(
        keys(row),
        ["applied_at", "down_edited", "name", "orphaned", "requires", "state", "up_edited", "version"]
    );
    assert_eq!(row["requires"], json!(["create_users"]));
    assert_eq!(row["state"], "pending");
}

#[test]
fn a_plan_and_a_dry_run_have_one_shape() {
    let project = Project::blog();
    let plan = project.run("plan --backend sqlite --format json").code(0).json();
    let dry_run = project.run("latest --dry-run --format json").code(0).json();
    for json in [&plan, &dry_run] {
        assert_eq!(
            keys(json),
            [
                "backend",
                "cuts",
                "diagnostics",
                "direction",
                "format_version",
                "from",
                "steps",
                "summary",
                "target",
                "to",
                "transaction"
            ]
        );
        assert_eq!(json["direction"], "up");
        assert_eq!(json["steps"].as_array().unwrap().len(), 4);
        assert_eq!(json["transaction"], "all");
        let location = &json["steps"][0]["location"];
        assert_eq!(keys(location), ["column", "end_column", "end_line", "file", "line"]);
    }
    assert_eq!(plan["steps"], dry_run["steps"]);
    let both = project.run("plan --format json").code(0).json();
    let backends: Vec<_> = both.as_array().unwrap().iter().map(|plan| plan["backend"].as_str().unwrap()).collect();
    assert_eq!(backends, ["sqlite", "postgres"]);
}

#[test]
fn a_run_is_one_document_and_reset_too() {
    let project = Project::blog();
    let up = project.run("latest --format json").code(0).json();
    assert_eq!(keys(&up), ["format_version", "next", "outcome", "plan", "run", "state", "steps_done"]);
    assert_eq!(up["outcome"], "done");
    assert_eq!(up["steps_done"], 4);
    assert_eq!(up["state"].as_array().unwrap().len(), 4);
    let down = project.run("reset --format json").code(0).json();
    assert_eq!(down["state"], json!([]));
    assert_eq!(down["plan"]["direction"], "down");
    let nothing = project.run("reset --format json").code(0).json();
    assert_eq!(nothing["outcome"], "done");
    assert_eq!(nothing["steps_done"], 0);
    assert_eq!(nothing["plan"]["direction"], "none");
}

#[test]
fn a_failed_run_says_where() {
    let project = Project::blog();
    project.run("latest").code(0);
    project.sql("blog.db", "DROP TRIGGER audit_posts");
    let json = project.run("reset --format json").code(1).json();
    assert_eq!(json["outcome"], "failed");
    assert_eq!(json["steps_done"], 0);
    assert_eq!(keys(&json["failed"]), ["error", "location", "migration", "operation", "statement"]);
    assert_eq!(json["failed"]["migration"], "audit_posts");
    assert_eq!(json["failed"]["statement"], "DROP TRIGGER audit_posts");
    assert_eq!(json["failed"]["location"]["file"], "migrations/20260103080000_audit_posts.toml");
    assert_eq!(json["state"].as_array().unwrap().len(), 4);
    assert!(json["next"].as_str().unwrap().contains("`dbmigrate reset` again"));
}

#[test]
fn a_refusal_is_json_too() {
    let project = Project::blog();
    project.run("latest --env production").code(0);
    let json = project.run("reset --env production --format json").code(4).json();
    assert_eq!(json["outcome"], "refused");
    assert!(json["next"].as_str().unwrap().contains("--allow-protected --yes"));
    assert_eq!(json["plan"]["direction"], "down");
}

#[test]
fn a_broken_manifest_is_json_too() {
    let project = Project::blog();
    project.write("schema.toml", "[project]\nname = \"blog\"\nbackend = [\"sqlite\"]\n");
    let json = project.run("latest --format json").code(2).json();
    assert_eq!(json["outcome"], "refused");
    let diagnostic = &json["diagnostics"][0];
    assert_eq!(diagnostic["code"], "unknown-key");
    assert_eq!(diagnostic["location"]["line"], 3);
}

#[test]
fn an_unreachable_database_is_json_too() {
    let project = Project::blog();
    let json = project.run("info --database-url postgres://127.0.0.1:1/none --format json").code(5).json();
    assert_eq!(json["outcome"], "failed");
    assert_eq!(json["plan"], Value::Null);
}
