//! `azml usql fmt`: scripts in canonical layout.

use std::io::Read;
use std::path::Path;

use azml_usql_syntax::{decode_script, format};

use super::{Source, read, report};
use crate::args::FmtArgs;
use crate::failure::{Failure, Result};
use crate::output::note;

/// Rewrites the scripts, or only looks at them.
pub(super) fn run(args: &FmtArgs) -> Result<()> {
    let (mut broken, mut different) = (0_usize, 0_usize);
    for path in &args.files {
        let source = if path == Path::new("-") {
            standard_input()?
        } else {
            read(path)?
        };
        let formatted = match format(&source.text) {
            Ok(formatted) => formatted,
            Err(diagnostics) => {
                report::show(&source, &diagnostics);
                broken += 1;
                continue;
            }
        };
        if args.check {
            if formatted != source.text {
                different += 1;
                note(format_args!("{} would change", source.name));
            }
        } else if path == Path::new("-") {
            crate::output::text(&formatted)?;
        } else if formatted != source.text {
            replace(path, &formatted)?;
        }
    }
    match (broken, different) {
        (0, 0) => Ok(()),
        (0, 1) => Err(Failure::new("1 script is laid out in another way")),
        (0, many) => Err(Failure::new(format!(
            "{many} scripts are laid out in another way"
        ))),
        (1, _) => Err(Failure::new("1 script does not parse")),
        (many, _) => Err(Failure::new(format!("{many} scripts do not parse"))),
    }
}

fn standard_input() -> Result<Source> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(format!("read standard input: {error}")))?;
    let text = decode_script(&bytes)
        .map_err(|error| Failure::new(format!("read standard input: {error}")))?;
    Ok(Source {
        name: "standard input".to_owned(),
        text,
    })
}

/// The script as a whole or the new one as a whole: never half of either.
fn replace(path: &Path, text: &str) -> Result<()> {
    let failed = |error| Failure::file("write", path, error);
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let staged =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    std::fs::write(staged.path(), text).map_err(failed)?;
    let permissions = std::fs::metadata(path).map_err(failed)?.permissions();
    std::fs::set_permissions(staged.path(), permissions).map_err(failed)?;
    staged.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
