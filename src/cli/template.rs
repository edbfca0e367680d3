//! The files that `create` and `init` write.

use crate::backend::Backend;

/// A new migration. It is an error to run it as it is: somebody has to say what it does.
#[must_use]
pub(super) fn node(name: &str, requires: &[String], linear: bool) -> String {
    let names: Vec<_> = requires.iter().map(|name| format!("\"{name}\"")).collect();
    let one_line = format!("requires = [{}]", names.join(", "));
    let requires = if linear {
        String::new()
    } else if one_line.len() <= 100 {
        format!("{one_line}\n")
    } else {
        format!("requires = [\n    {},\n]\n", names.join(",\n    "))
    };
    let description = sentence(name);
    let operation = suggestion(name);
    format!(
        "description = \"{description}\"
{requires}
# One `[[up]]` for each operation, in order. The way down is derived; only raw SQL and
# row changes need a `down` of their own.
[[up]]
{operation}"
    )
}

/// `create_posts` as the start of a sentence: `Create posts`.
fn sentence(name: &str) -> String {
    let words = name.replace(['_', '-'], " ");
    let mut chars = words.trim().chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// An operation to start from, guessed from the name and commented out.
fn suggestion(name: &str) -> String {
    if let Some(table) = name.strip_prefix("create_") {
        return format!(
            "# create_table = \"{table}\"
# primary_key = [\"id\"]
#
# [up.columns]
# id = {{ type = \"bigint\", auto_increment = true }}
# name = \"string(200)\"
# note = {{ type = \"text\", null = true }}
"
        );
    }
    if let Some((column, table)) = name.strip_prefix("add_").and_then(|rest| rest.rsplit_once("_to_")) {
        return format!(
            "# add_column = \"{table}.{column}\"
# type = \"string(200)\"
# null = true                  # or, for the rows already there: fill = \"\"
"
        );
    }
    if let Some((column, table)) =
        name.strip_prefix("drop_").or_else(|| name.strip_prefix("remove_")).and_then(|rest| rest.rsplit_once("_from_"))
    {
        return format!("# drop_column = \"{table}.{column}\"\n");
    }
    if let Some(table) = name.strip_prefix("drop_") {
        return format!("# drop_table = \"{table}\"\n");
    }
    "# add_column = \"posts.slug\"
# type = \"string(200)\"
# null = true
#
# create_index = \"posts_slug_idx\"
# on = \"posts\"
# columns = [\"slug\"]
#
# sql = \"UPDATE posts SET slug = lower(title)\"
# down = \"\"                    # nothing to undo
"
    .to_owned()
}

/// A new `schema.toml`.
#[must_use]
pub(super) fn manifest(name: &str, backend: Backend) -> String {
    let url = match backend {
        Backend::Sqlite => format!("sqlite://{name}.db"),
        Backend::Postgres => format!("postgres://localhost/{name}"),
        Backend::Mysql => format!("mysql://localhost/{name}"),
    };
    format!(
        "[project]
name = \"{name}\"
backends = [\"{backend}\"]        # those it must run on: sqlite, postgres, mysql

[migrations]
path = \"migrations\"          # every VERSION_name.toml in it is a migration

[database]                   # the environment `development`
url = \"{url}\"

# [environments.production]
# url = \"$DATABASE_URL\"      # read from the environment, or from .env
# protected = true           # a reset needs --allow-protected and --yes
# backup = \"backups\"         # written before a destructive run
"
    )
}

/// What git is to pass over.
#[must_use]
pub(super) fn ignored(name: &str, backend: Backend) -> Vec<String> {
    let mut lines = vec![".env".to_owned()];
    if backend == Backend::Sqlite {
        lines.extend(["", "-journal", "-wal", "-shm"].map(|end| format!("/{name}.db{end}")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_suggests_the_operation() {
        assert!(node("create_posts", &[], false).contains("# create_table = \"posts\""));
        assert!(node("add_slug_to_posts", &[], false).contains("# add_column = \"posts.slug\""));
        assert!(node("drop_slug_from_posts", &[], false).contains("# drop_column = \"posts.slug\""));
        assert!(node("drop_posts", &[], false).contains("# drop_table = \"posts\""));
    }

    #[test]
    fn heads_are_required_but_in_linear_projects() {
        let heads = ["a".to_owned(), "b".to_owned()];
        assert!(node("x", &heads, false).contains("requires = [\"a\", \"b\"]\n"));
        assert!(!node("x", &heads, true).contains("requires ="));
        let many: Vec<_> = (0..30).map(|n| format!("head_{n}")).collect();
        assert!(node("x", &many, false).lines().all(|line| line.len() <= 100));
    }
}
