//! Each code has a page in `docs/check/`, and its manifests are what it says they are.

use dbmigrate::diagnostic::Code;

use crate::check::support::Project;

/// Codes of which no manifest alone can give an example: the database was interrupted.
const OF_A_DATABASE: [Code; 1] = [Code::Interrupted];

pub(crate) fn page(code: Code) -> String {
    let path = format!("{}/docs/check/{code}.md", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The block of that kind.
pub(crate) fn block(page: &str, kind: &str) -> Option<String> {
    let (_, after) = page.split_once(&format!("```toml {kind}\n"))?;
    after.split_once("```").map(|(block, _)| block.to_owned())
}

const URL: &str = "\n[database]\nurl = \"sqlite://check.db\"\n";

#[test]
fn each_bad_manifest_gives_its_code_and_each_good_one_is_free_of_it() {
    let mut wrong = Vec::new();
    for code in Code::ALL {
        let page = page(*code);
        let mut expect = |ok: bool, what: &str, ran: &crate::check::support::Ran| {
            if !ok {
                wrong.push(format!("{code}: {what} (exit {})\n{}{}", ran.code, ran.out, ran.err));
            }
        };
        if let Some(good) = block(&page, "good") {
            let ran = Project::of(&good).run(&["check", "--format", "json"]);
            expect(!ran.codes(None).contains(&code.to_string()), "the good manifest gives it", &ran);
            expect(ran.code == 0, "the good manifest has errors", &ran);
        }
        if let Some(bad) = block(&page, "plan") {
            let ran = Project::of(&bad).run(&["plan", "reset", "--format", "json"]);
            expect(ran.codes(None).contains(&code.to_string()), "the plan of its manifest does not give it", &ran);
            continue;
        }
        let Some(bad) = block(&page, "bad") else {
            assert!(OF_A_DATABASE.contains(code), "{code} has no bad manifest");
            continue;
        };
        let ran = match block(&page, "applied") {
            Some(applied) => {
                let project = Project::of(&(applied + URL));
                let run = project.run(&["latest"]);
                expect(run.code == 0, "its history cannot be applied", &run);
                project.write("schema.toml", &(bad + URL));
                project.run(&["check", "--ledger", "--format", "json"])
            }
            None => Project::of(&bad).run(&["check", "--format", "json"]),
        };
        expect(ran.codes(None).contains(&code.to_string()), "the bad manifest does not give it", &ran);
    }
    assert!(wrong.is_empty(), "{} pages are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn explain_prints_the_page() {
    for code in Code::ALL {
        let ran = Project::of("").run(&["check", "--explain", code.as_str()]);
        assert_eq!((ran.code, ran.out), (0, page(*code)));
    }
    let ran = Project::of("").run(&["check", "--explain", "unknown-tabel"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("did you mean `unknown-table`?"), "{}", ran.err);
}
