//! What an index can have besides columns: collations, operator classes, columns beside, storage parameters, NULLs alike.

use crate::example::database::Database;
use crate::example::project::Project;
use crate::example::types::there_and_back;

const SCHEMA: &str = "[project]\nname = \"indexes\"\nbackends = [\"BACKEND\"]\norder = \"linear\"\n";

const TABLE: &str = "[[up]]\ncreate_table = \"docs\"\nprimary_key = [\"id\"]\n[up.columns]\nid = \"integer\"\n\
                     title = \"string(80)\"\nbody = \"jsonb\"\ntag = { type = \"string(20)\", null = true }\n\n\
                     [[up]]\ninsert = \"docs\"\nkey = [\"id\"]\nrows = [{ id = 1, title = \"One\", body = \"{}\", tag = \"t\" }]\n";

const COLLATED: &str = "[[up]]\ncreate_index = \"docs_title_idx\"\non = \"docs\"\n\
                        columns = [{ column = \"title\", collation = { sqlite = \"NOCASE\", postgres = \"C\" }, order = \"desc\" }]\n";

const POSTGRES: &str = "[[up]]\ncreate_index = \"docs_body_idx\"\non = \"docs\"\nusing = \"gin\"\n\
                        columns = [{ column = \"body\", opclass = \"jsonb_path_ops\" }]\n\n\
                        [[up]]\ncreate_index = \"docs_like_idx\"\non = \"docs\"\nwith = \"fillfactor = 70\"\nwhere = \"id > 0\"\n\
                        columns = [{ column = \"title\", collation = \"C\", opclass = \"pg_catalog.varchar_pattern_ops\" }]\n\n\
                        [[up]]\ncreate_index = \"docs_tag_key\"\non = \"docs\"\nunique = true\nnulls_distinct = false\n\
                        columns = [\"tag\"]\ninclude = [\"title\", \"id\"]\n\n\
                        [[up]]\ncreate_table = \"notes\"\n[up.columns]\nid = \"integer\"\nof = \"integer\"\n\
                        [up.indexes]\nnotes_idx = { columns = [\"id\"], include = [\"of\"] }\n";

const RENAMED: &str =
    "[[up]]\nrename_column = \"docs.title\"\nto = \"heading\"\n\n[[up]]\nrename_table = \"docs\"\nto = \"papers\"\n";
const DROPPED: &str = "[[up]]\ndrop_index = \"docs_title_idx\"\non = \"papers\"\n";
const COLUMN: &str = "[[up]]\ndrop_column = \"papers.heading\"\nrefill = \"x\"\n";

fn project(backend: &str) -> Project {
    let schema = SCHEMA.replace("BACKEND", backend);
    let mut nodes = vec![("1_table", TABLE), ("2_collated", COLLATED)];
    if backend == "postgres" {
        nodes.push(("3_postgres", POSTGRES));
    }
    nodes.extend([("4_renamed", RENAMED), ("5_dropped", DROPPED), ("6_column", COLUMN)]);
    Project::of(&schema, &nodes)
}

#[test]
fn on_sqlite_an_index_sorts_by_a_collation_of_its_own() {
    let project = project("sqlite");
    let database = crate::example::sqlite_file::SqliteFile::of(&project);
    there_and_back(&project, &database);
    project.run(&database, &["up", "2"]).ok();
    let plan = database.query("EXPLAIN QUERY PLAN SELECT id FROM docs WHERE title = 'ONE' COLLATE NOCASE");
    assert!(plan.contains("docs_title_idx"), "{plan}");
}

#[test]
fn on_postgres_an_index_has_all_that_it_can_have() {
    let project = project("postgres");
    let database = crate::example::postgres_server::PostgresDatabase::create();
    there_and_back(&project, &database);
    project.run(&database, &["up", "3"]).ok();
    let found = database.query("SELECT string_agg(indexdef, E'\n' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'public' AND tablename IN ('docs', 'notes')");
    for part in [
        "USING gin (body jsonb_path_ops)",
        "(title COLLATE \"C\" varchar_pattern_ops) WITH (fillfactor='70') WHERE (id > 0)",
        "UNIQUE INDEX docs_tag_key ON public.docs USING btree (tag) INCLUDE (title, id) NULLS NOT DISTINCT",
        "docs_title_idx ON public.docs USING btree (title COLLATE \"C\" DESC)",
        "notes_idx ON public.notes USING btree (id) INCLUDE (of)",
    ] {
        assert!(found.contains(part), "{part} in\n{found}");
    }
    database.execute("INSERT INTO docs VALUES (2, 'Two', '{}', NULL)");
    database.execute(
        "DO $$ BEGIN INSERT INTO docs VALUES (3, 'Three', '{}', NULL); RAISE EXCEPTION 'NULLs are not alike'; \
         EXCEPTION WHEN unique_violation THEN NULL; END $$",
    );
}

/// What a backend lacks is refused before anything runs, and told where it stands.
#[test]
fn what_a_backend_lacks_of_an_index_is_refused() {
    let cases = [
        ("sqlite", "columns = [\"title\"]\ninclude = [\"id\"]", "SQLite has no indexes that carry columns beside"),
        ("sqlite", "columns = [{ column = \"title\", opclass = \"text_ops\" }]", "SQLite has no operator classes"),
        ("sqlite", "columns = [\"title\"]\nwith = \"fillfactor = 70\"", "SQLite has no storage parameters of an index"),
        ("sqlite", "columns = [\"tag\"]\nunique = true\nnulls_distinct = false", "NULLs are unlike each other"),
        (
            "mysql",
            "columns = [{ column = \"title\", collation = \"utf8mb4_bin\" }]",
            "MySQL sorts an index as its column does",
        ),
        ("mysql", "columns = [\"title\"]\ninclude = [\"id\"]", "MySQL has no indexes that carry columns beside"),
        (
            "postgres",
            "columns = [{ column = \"title\", opclass = \"varchar_pattern_ops\" }]\nunique = true",
            "a unique index is told by",
        ),
        ("postgres", "columns = [\"tag\"]\nnulls_distinct = false", "`nulls_distinct` has no effect without `unique`"),
        ("postgres", "columns = [\"tag\"]\ninclude = [\"titel\"]", "did you mean `title`"),
    ];
    for (backend, keys, words) in cases {
        let index = format!("[[up]]\ncreate_index = \"i\"\non = \"docs\"\n{keys}\n");
        let project = Project::of(&SCHEMA.replace("BACKEND", backend), &[("1_table", TABLE), ("2_index", &index)]);
        let database = crate::example::sqlite_file::SqliteFile::of(&project);
        let said = project.run(&database, &["check"]);
        let all = format!("{} {}", said.stdout, said.stderr);
        let all = all.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.code != 0 && all.contains(words), "{backend} {keys}: {all}");
        assert!(all.contains("migrations/2_index.toml:"), "{all}");
    }
    // What is the backend's own way anyway may be said.
    let own =
        "[[up]]\ncreate_index = \"i\"\non = \"docs\"\ncolumns = [\"tag\"]\nunique = true\nnulls_distinct = true\n";
    for backend in ["sqlite", "mysql", "postgres"] {
        let project = Project::of(&SCHEMA.replace("BACKEND", backend), &[("1_table", TABLE), ("2_index", own)]);
        project.run(&crate::example::sqlite_file::SqliteFile::of(&project), &["check"]).ok();
    }
}

/// A column that an index carries is one that the index needs: dropped in no order with it, it is a conflict.
#[test]
fn a_column_that_an_index_carries_is_missed() {
    let schema = SCHEMA.replace("BACKEND", "postgres").replace("linear", "graph");
    let node = |operation: &str| format!("requires = [\"table\"]\n\n[[up]]\n{operation}\n");
    let index = node("create_index = \"i\"\non = \"docs\"\ncolumns = [\"title\"]\ninclude = [\"tag\"]");
    let column = node("drop_column = \"docs.tag\"");
    let project = Project::of(&schema, &[("1_table", TABLE), ("2_index", &index), ("3_column", &column)]);
    let database = crate::example::sqlite_file::SqliteFile::of(&project);
    let said = project.run(&database, &["check"]);
    let all = format!("{} {}", said.stdout, said.stderr);
    assert!(said.code == 3 && all.contains("unordered-conflict"), "{} {all}", said.code);
}

/// A foreign key of a table to itself, bound to an index over the column that it is over: all three go together, and come back.
pub fn a_column_goes_with_a_key_to_itself(database: &dyn Database) {
    let made = "[[up]]\ncreate_table = \"nodes\"\nprimary_key = [\"id\"]\ncolumns = { id = \"integer\", code = { type = \"integer\", null = true } }\n\n\
                [[up]]\ncreate_index = \"nodes_code_key\"\non = \"nodes\"\ncolumns = [\"code\"]\nunique = true\n\n\
                [[up]]\nadd_foreign_key = \"nodes_code_fk\"\non = \"nodes\"\ncolumns = [\"code\"]\nreferences = \"nodes.code\"\n\n\
                [[up]]\ninsert = \"nodes\"\nkey = [\"id\"]\nrows = [{ id = 1 }]\n";
    let dropped = "[[up]]\ndrop_column = \"nodes.code\"\n";
    let schema = SCHEMA.replace("BACKEND", database.backend());
    let project = Project::of(&schema, &[("1_made", made), ("2_dropped", dropped)]);
    project.run(database, &["check"]).ok();
    there_and_back(&project, database);
}

/// A key of a table to itself whose target only an index makes unique: a dropped table comes back with both.
pub fn a_key_to_itself_by_an_index(database: &dyn Database) {
    let made = "[[up]]\ncreate_table = \"nodes\"\nprimary_key = [\"id\"]\n\
                [up.columns]\nid = \"integer\"\ncode = { type = \"integer\", null = true }\nup = { type = \"integer\", null = true }\n\n\
                [[up]]\ncreate_index = \"nodes_code\"\non = \"nodes\"\ncolumns = [\"code\"]\nunique = true\n\n\
                [[up]]\nadd_foreign_key = \"nodes_up\"\non = \"nodes\"\ncolumns = [\"up\"]\nreferences = \"nodes.code\"\n";
    let schema = SCHEMA.replace("BACKEND", database.backend());
    let project = Project::of(&schema, &[("1_made", made), ("2_dropped", "[[up]]\ndrop_table = \"nodes\"\n")]);
    project.run(database, &["check"]).ok();
    there_and_back(&project, database);
}
