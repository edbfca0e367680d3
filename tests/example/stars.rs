//! Views that take all columns: a way back makes them again as they were, or `check` says that it does not.

use crate::example::database::Database;
use crate::example::project::Project;

const TABLES: &str = "[[up]]\ncreate_table = \"t\"\nprimary_key = [\"id\"]\ncolumns = { id = \"bigint\", n = { type = \"integer\", null = true } }\n\
    [[up]]\ncreate_table = \"u\"\nprimary_key = [\"id\"]\ncolumns = { id = \"bigint\", t_id = \"bigint\" }\n";

fn schema(database: &dyn Database) -> String {
    format!("[project]\nname = \"stars\"\nbackends = [\"{}\"]\norder = \"linear\"\n", database.backend())
}

fn project(database: &dyn Database, select: &str, later: &str) -> Project {
    let view = format!("[[up]]\ncreate_view = \"v\"\nselect = \"{select}\"\n");
    let added = "[[up]]\nadd_column = \"t.z\"\ntype = \"integer\"\nnull = true\n";
    Project::of(&schema(database), &[("1_tables", TABLES), ("2_view", &view), ("3_added", added), ("4_later", later)])
}

/// Each kind of query, each way to drop the view or make another of it.
pub fn a_view_of_all_columns_comes_back_with_those_that_it_had(database: &dyn Database) {
    const MOST: usize = 2;
    for (number, select) in [
        "SELECT * FROM t",
        "SELECT x.*, x.n + 1 AS more FROM t AS x WHERE x.n > 1",
        "SELECT t.*, u.t_id FROM t JOIN u ON u.t_id = t.id",
        "SELECT * FROM (SELECT * FROM t) AS x",
        "WITH x AS (SELECT * FROM t WHERE n > 1) SELECT * FROM x",
        "SELECT * FROM t WHERE n = 1 UNION ALL SELECT * FROM t WHERE n = 2",
        "SELECT id FROM t WHERE EXISTS (SELECT * FROM u WHERE u.t_id = t.id)",
        "SELECT count(*) AS n FROM t",
    ]
    .into_iter()
    .enumerate()
    {
        let laters = [
            "[[up]]\ndrop_view = \"v\"\n",
            "[[up]]\nreplace_view = \"v\"\nselect = \"SELECT id FROM t\"\n",
            "[[up]]\ndrop_view = \"v\"\n[[up]]\nrename_table = \"t\"\nto = \"things\"\n",
            "[[up]]\ndrop_view = \"v\"\n[[up]]\ndrop_column = \"t.n\"\n",
        ];
        for later in laters.into_iter().take(if number < MOST { 4 } else { 1 }) {
            let project = project(database, select, later);
            project.run(database, &["check"]).ok();
            project.run(database, &["up", "2"]).ok();
            database.execute("INSERT INTO t (id, n) VALUES (1, 1), (2, 2)");
            let rows = database.query("SELECT * FROM v");
            project.run(database, &["up"]).ok();
            let before = database.schema();
            project.run(database, &["latest"]).ok();
            project.run(database, &["down"]).ok();
            if !later.contains("drop_column") {
                assert_eq!(database.schema(), before, "{select}\n{later}");
            }
            // The column goes, and the view is as if it had never been.
            project.run(database, &["down"]).ok();
            if !later.contains("drop_column") {
                assert_eq!(database.query("SELECT * FROM v"), rows, "{select}\n{later}");
            }
            project.run(database, &["latest"]).ok();
            project.run(database, &["reset"]).ok();
            assert_eq!(database.schema(), "", "{select}\n{later}");
        }
    }
}

/// A column that such a view has cannot go; one that came later can.
pub fn a_view_of_all_columns_holds_those_that_it_had(database: &dyn Database) {
    let reads_anew = database.backend() == "sqlite";
    let later = project(database, "SELECT * FROM t", "[[up]]\ndrop_column = \"t.z\"\n");
    later.run(database, &["check"]).ok();
    later.run(database, &["latest"]).ok();
    assert_eq!(database.query("SELECT count(*) FROM v"), "0");
    later.run(database, &["reset"]).ok();
    for select in ["SELECT * FROM t", "SELECT * FROM (SELECT * FROM t) AS x", "SELECT u.id, t.* FROM t, u"] {
        let had = project(database, select, "[[up]]\ndrop_column = \"t.n\"\n");
        let said = had.run(database, &["check"]);
        assert_eq!(said.code == 0, reads_anew, "{select}\n{}", said.stdout);
        assert!(reads_anew || said.stdout.contains("view `v` needs `t.n`"), "{select}\n{}", said.stdout);
    }
}

/// PostgreSQL: a column under such a view may get another name, and the view keeps its own.
#[test]
fn a_column_under_a_star_is_renamed_on_postgres() {
    let database = crate::example::postgres_server::PostgresDatabase::create();
    let renamed = project(&database, "SELECT * FROM t", "[[up]]\nrename_column = \"t.n\"\nto = \"m\"\n");
    let dropped = "[[up]]\ndrop_view = \"v\"\n";
    std::fs::write(renamed.path().join("migrations/5_dropped.toml"), dropped).unwrap();
    renamed.run(&database, &["check"]).ok();
    renamed.run(&database, &["up", "4"]).ok();
    let before = database.schema();
    assert_eq!(database.query("SELECT n FROM v"), "");
    renamed.run(&database, &["latest"]).ok();
    renamed.run(&database, &["down"]).ok();
    assert_eq!(database.schema(), before);
    renamed.run(&database, &["reset"]).ok();
}

/// What cannot be written out is an error, before a reset finds it.
#[test]
fn a_natural_join_that_would_come_back_as_another_is_told_on_postgres() {
    let database = crate::example::postgres_server::PostgresDatabase::create();
    for select in ["SELECT * FROM t NATURAL JOIN u", "SELECT * FROM t JOIN u USING (id)", "TABLE t"] {
        let stays = project(&database, select, "[[up]]\nnote = \"nothing\"\n");
        stays.run(&database, &["check"]).ok();
        stays.run(&database, &["latest"]).ok();
        stays.run(&database, &["reset"]).ok();
        let dropped = project(&database, select, "[[up]]\ndrop_view = \"v\"\n");
        let said = dropped.run(&database, &["check"]);
        let shown = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.code != 0, "{shown}");
        assert!(shown.contains("view `v` takes the columns of `t`, which had others when it was made"), "{shown}");
    }
}
