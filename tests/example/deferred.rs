//! Foreign keys that wait until the end of the transaction: two tables that point to each other get their rows.

use crate::example::database::Database;
use crate::example::project::Project;
use crate::example::types::there_and_back;

const HENS: &str = "[[up]]\ncreate_table = \"hens\"\nprimary_key = [\"id\"]\ncolumns = { id = \"integer\", egg_id = \"integer\" }\n\n\
                    [[up]]\ncreate_table = \"eggs\"\nprimary_key = [\"id\"]\n[up.columns]\nid = \"integer\"\n\
                    hen_id = { type = \"integer\", references = \"hens.id\", deferrable = \"deferred\" }\n\
                    twin_id = { type = \"integer\", null = true, references = \"eggs.id\", deferrable = \"immediate\" }\n\n\
                    [[up]]\nadd_foreign_key = \"hens_egg_fk\"\non = \"hens\"\ncolumns = [\"egg_id\"]\nreferences = \"eggs.id\"\ndeferrable = \"deferred\"\n";
/// Neither can come first but for that.
const ROWS: &str = "[[up]]\ninsert = \"hens\"\nkey = [\"id\"]\nrows = [{ id = 1, egg_id = 2 }]\n\n\
                    [[up]]\ninsert = \"eggs\"\nkey = [\"id\"]\nrows = [{ id = 2, hen_id = 1 }]\n";
const LATER: &str = "[[up]]\nrename_table = \"hens\"\nto = \"birds\"\n\n[[up]]\nadd_column = \"birds.name\"\ntype = \"text\"\ndefault = \"x\"\n";
const DROPPED: &str = "[[up]]\ndrop_foreign_key = \"hens_egg_fk\"\non = \"birds\"\n";

fn project(backend: &str) -> Project {
    let schema = format!("[project]\nname = \"deferred\"\nbackends = [\"{backend}\"]\norder = \"linear\"\n");
    Project::of(&schema, &[("1_hens", HENS), ("2_rows", ROWS), ("3_later", LATER), ("4_dropped", DROPPED)])
}

fn waits(project: &Project, database: &dyn Database) {
    there_and_back(project, database);
    project.run(database, &["latest"]).ok();
    assert_eq!(
        database.query("SELECT COUNT(*) FROM eggs JOIN birds ON birds.id = eggs.hen_id AND birds.egg_id = eggs.id"),
        "1"
    );
    project.run(database, &["down"]).ok();
    // One row without the other is refused at the end.
    let alone = "[[up]]\ninsert = \"eggs\"\nkey = [\"id\"]\nrows = [{ id = 9, hen_id = 7 }]\n";
    std::fs::write(project.path().join("migrations/5_alone.toml"), alone).unwrap();
    let refused = project.run(database, &["latest"]);
    assert_eq!(refused.code, 1, "{}{}", refused.stdout, refused.stderr);
    assert_eq!(database.query("SELECT COUNT(*) FROM eggs"), "1");
}

#[test]
fn on_sqlite_foreign_keys_wait_for_the_end_of_the_transaction() {
    let project = project("sqlite");
    waits(&project, &crate::example::sqlite_file::SqliteFile::of(&project));
}

#[test]
fn on_postgres_foreign_keys_wait_for_the_end_of_the_transaction() {
    let database = crate::example::postgres_server::PostgresDatabase::create();
    waits(&project("postgres"), &database);
    let found = database.query("SELECT string_agg(conname || ' ' || condeferrable || ' ' || condeferred, ', ' ORDER BY conname) FROM pg_constraint WHERE contype = 'f'");
    assert_eq!(found, "eggs_hen_id_fkey true true, eggs_twin_id_fkey true false, hens_egg_fk true true");
}

#[test]
fn mysql_cannot_wait_and_says_so() {
    let project = project("mysql");
    let said = project.run(&crate::example::sqlite_file::SqliteFile::of(&project), &["check"]);
    let all = format!("{} {}", said.stdout, said.stderr);
    assert_eq!(said.code, 3, "{all}");
    assert!(all.contains("MySQL looks at a foreign key with each row, and cannot wait"), "{all}");
}
