//! The example of this repository, run through the built program on real databases:
//! up, seeds, reset, every single step, failures, and what a dry run promises.
//! One scenario a function; each runs on each backend.

mod comments;
mod computed;
pub(crate) mod database;
mod deferred;
mod enums;
mod foreign;
mod fresh;
mod indexes;
mod kept;
pub(crate) mod mysql_server;
mod only_postgres;
mod postgres_log;
pub(crate) mod postgres_server;
mod programs;
mod project;
mod protected;
mod scenarios;
mod set_null;
mod sqlite_file;
mod stars;
mod tokens;
mod types;
mod unfit;
mod verbs;
mod views;
mod wheels;
mod whole;

/// Makes a test of each scenario in `sqlite`, in `postgres` and in `mysql`.
macro_rules! on_each_backend {
    ($($scenario:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $scenario() {
                let project = crate::example::project::Project::of_the_example();
                let database = crate::example::sqlite_file::SqliteFile::of(&project);
                crate::example::scenarios::$scenario(&project, &database);
            })*
        }
        mod postgres {
            $(#[test]
            fn $scenario() {
                let project = crate::example::project::Project::of_the_example();
                let database = crate::example::postgres_server::PostgresDatabase::create();
                crate::example::scenarios::$scenario(&project, &database);
            })*
        }
        mod mysql {
            $(#[test]
            fn $scenario() {
                let project = crate::example::project::Project::of_the_example();
                let database = crate::example::mysql_server::MysqlDatabase::create();
                crate::example::scenarios::$scenario(&project, &database);
            })*
        }
    };
}

on_each_backend! {
    up_seed_reset_up_reset_ends_where_it_began,
    seeds_loaded_twice_change_nothing,
    each_step_goes_down_and_up_again_over_the_seeds,
    each_step_goes_down_and_up_again_from_its_own_version,
    a_way_down_that_fails_tells_where_and_the_reset_goes_on_once_it_is_mended,
    a_dry_run_changes_nothing,
    the_wheels_command_lines_work_as_typed,
}

/// Makes a test of each function in each backend's module of its own.
macro_rules! on_each_database {
    ($($module:ident::$scenario:ident),* $(,)?) => {
        mod alone_on_sqlite {
            $(#[test]
            fn $scenario() {
                let project = crate::example::project::Project::of("", &[]);
                crate::example::$module::$scenario(&crate::example::sqlite_file::SqliteFile::of(&project));
            })*
        }
        mod alone_on_postgres {
            $(#[test]
            fn $scenario() {
                crate::example::$module::$scenario(&crate::example::postgres_server::PostgresDatabase::create());
            })*
        }
        mod alone_on_mysql {
            $(#[test]
            fn $scenario() {
                crate::example::$module::$scenario(&crate::example::mysql_server::MysqlDatabase::create());
            })*
        }
    };
}

on_each_database! {
    types::every_type,
    types::every_literal,
    comments::comments_are_kept_changed_and_taken_away,
    computed::columns_are_computed_and_collated,
    enums::enums_come_and_go,
    enums::a_value_that_rows_have_stops_a_way_down_and_no_reset,
    foreign::another_projects_database_is_left_alone,
    foreign::a_reset_works_from_any_checkout_of_the_project,
    fresh::everything_goes_whatever_the_ledger_says,
    fresh::what_fails_after_the_drop_is_told,
    fresh::a_fresh_that_is_killed_is_finished_by_the_next,
    indexes::a_column_goes_with_a_key_to_itself,
    indexes::a_key_to_itself_by_an_index,
    kept::rows_are_kept_until_they_come_back,
    kept::kept_rows_come_back_in_any_order,
    kept::what_fails_after_rows_were_kept_is_taken_back,
    programs::functions_and_triggers_come_and_go,
    protected::what_is_not_known_to_be_harmless_is_asked_about,
    protected::seeds_ask_before_they_overwrite,
    whole::the_schema_of_the_example,
    whole::the_schema_of_enums,
    whole::the_schema_of_computed_columns,
    whole::the_schema_of_programs,
    whole::the_schema_of_circles_and_odd_names,
    stars::a_view_of_all_columns_comes_back_with_those_that_it_had,
    stars::a_view_of_all_columns_holds_those_that_it_had,
    verbs::each_verb_goes_up_down_and_up_over_rows,
    views::views_are_made_replaced_and_dropped,
    wheels::the_page_for_people_from_wheels_runs,
    wheels::the_page_for_people_from_rails_runs,
    wheels::the_page_for_people_from_django_runs,
    wheels::the_page_for_people_from_alembic_runs,
    wheels::the_page_for_people_from_diesel_runs,
    wheels::the_page_for_people_from_sqitch_runs,
}

mod what_the_manifest_says {
    use std::path::Path;

    use dbmigrate::backend::Backend;
    use dbmigrate::graph::Graph;
    use dbmigrate::manifest;
    use dbmigrate::plan::{self, Downs, Ledger, Target};

    #[test]
    fn nothing_is_found_wrong_with_it_or_with_its_plans() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.toml");
        let loaded = manifest::load(&path).unwrap();
        assert!(loaded.diagnostics.is_empty(), "{:#?}", loaded.diagnostics);
        let manifest = loaded.manifest.unwrap();
        let (graph, found) = Graph::build(&manifest.migrations, manifest.linear);
        assert!(found.is_empty(), "{found:#?}");
        for backend in Backend::ALL {
            let make = |ledger: &Ledger, target| {
                let plan = plan::make(&manifest, &graph, ledger, &target, Downs::Auto, backend).unwrap();
                assert!(plan.diagnostics.is_empty(), "{:#?}", plan.diagnostics);
                assert_eq!(plan.steps.len(), manifest.migrations.len());
            };
            make(&Ledger::default(), Target::Latest);
            make(&plan::everything_applied(&manifest, &graph), Target::Zero);
        }
    }
}

mod what_a_dry_run_promises {
    #[test]
    fn postgres_logs_the_statements_that_were_shown() {
        crate::example::postgres_log::the_server_logs_what_the_dry_run_showed();
    }

    #[test]
    fn sqlite_replays_the_script_to_the_same_database() {
        crate::example::sqlite_file::the_script_of_a_dry_run_makes_the_same_database();
    }
}
