//! Input paths to files: single ones must exist, sets are listed now and stay
//! as they are.

use azml_usql_syntax::{Code, Span};

use super::{BResult, Environment};
use crate::cs::{Type, Value, parse};
use crate::extract::SourceFile;
use crate::extract::pattern::{Captures, Pattern, PatternIssue, Piece, match_segment};
use crate::store::{EntryKind, FileInfo, FileStore, StorePath};

/// A column whose values come from file names.
#[derive(Clone, Debug)]
pub(super) struct VirtualColumn {
    pub(super) name: String,
    pub(super) ty: Type,
}

impl Environment {
    /// Reads a path of an EXTRACT.
    pub(super) fn input_pattern(&mut self, path: &str, span: Span) -> BResult<Pattern> {
        if path.trim().is_empty() {
            return self.error(
                Code::E_CSC_USER_EMPTYFILEPATH,
                span,
                "The file path cannot be empty.",
            );
        }
        let mut issues = Vec::new();
        let Some(root) = path_inside(path) else {
            let message = format!("The file name '{path}' is not valid.");
            return self.error(Code::E_CSC_USER_INVALIDFILENAME, span, message);
        };
        let pattern = Pattern::parse(&root, &mut issues);
        for issue in issues {
            match issue {
                PatternIssue::Malformed(part) => {
                    let message = format!("The file name '{path}' is not valid: '{part}'.");
                    return self.error(Code::E_CSC_USER_INVALIDFILENAME, span, message);
                }
                PatternIssue::UnknownFormat(format) => {
                    let message = format!(
                        "The file name '{path}' is not valid: '{format}' is no format of a date part."
                    );
                    return self.error(Code::E_CSC_USER_INVALIDFILENAME, span, message);
                }
                PatternIssue::StarFormat => self.warn(
                    Code::E_CSC_USER_STARFORMATSPECIFIERISDEPRECATED,
                    span,
                    "The format specifier '*' is deprecated: write the column's name alone.",
                ),
                PatternIssue::LowerCaseHour => self.warn(
                    Code::E_CSC_USER_LOWERCASEHOURFORMATSPECIFIERSAREDEPRECATED,
                    span,
                    "The format specifiers 'h' and 'hh' are deprecated: write 'H' or 'HH'.",
                ),
            }
        }
        match pattern {
            Some(pattern) => Ok(pattern),
            None => self.error(
                Code::E_CSC_USER_INVALIDFILENAME,
                span,
                format!("The file name '{path}' is not valid."),
            ),
        }
    }

    /// The files of a path; all unknown when nothing is to be run.
    pub(super) fn input_files(
        &mut self,
        pattern: &Pattern,
        virtuals: &[VirtualColumn],
        path: &str,
        span: Span,
    ) -> BResult<Vec<SourceFile>> {
        let Some(files) = self.files.clone() else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        let listed = walk(
            &*files,
            &pattern.segments,
            &StorePath::root(),
            &Captures::default(),
            &mut |file| found.push(file),
        );
        if let Err(error) = listed {
            let message = format!("Could not look for '{path}': {error}");
            return self.error(Code::E_CSC_USER_INPUTFILENOTFOUND, span, message);
        }
        if found.is_empty() {
            let message = format!("The input file '{path}' does not exist.");
            if !pattern.is_set() {
                return self.error(Code::E_CSC_USER_INPUTFILENOTFOUND, span, message);
            }
            let message = format!("The file set '{path}' matches no file; the rowset is empty.");
            self.warn(Code::W_CSC_USER_EMPTYFILESET, span, message);
        }
        let mut sources = Vec::with_capacity(found.len());
        for (path, info, captures) in found {
            let mut values = Vec::with_capacity(virtuals.len());
            let mut fits = true;
            for column in virtuals {
                match value_of(&captures, column, self.context.now) {
                    Some(value) => values.push(value),
                    // No such date: not one of the set.
                    None if captures.value_of(&column.name).is_none() => fits = false,
                    None => {
                        let text = captures.value_of(&column.name).unwrap_or_default();
                        let message = format!(
                            "The part '{text}' of the file name '{path}' is no value of the column '{}' of type '{}'.",
                            column.name, column.ty
                        );
                        return self.error(Code::E_CSC_USER_INVALIDFILENAME, span, message);
                    }
                }
            }
            if fits {
                sources.push(SourceFile {
                    path,
                    length: info.length,
                    modified: info.modified,
                    created: info.created,
                    virtuals: values,
                });
            }
        }
        Ok(sources)
    }

    /// What is known of a single file.
    pub(super) fn file_info(&mut self, path: &str, span: Span) -> BResult<Option<FileInfo>> {
        if path.trim().is_empty() {
            return self.error(
                Code::E_CSC_USER_EMPTYFILEPATH,
                span,
                "The file path cannot be empty.",
            );
        }
        let Some(store_path) = StorePath::parse(path) else {
            return self.error(
                Code::E_CSC_USER_INVALIDFILENAME,
                span,
                format!("The file name '{path}' is not valid."),
            );
        };
        let Some(files) = self.files.clone() else {
            return Ok(None);
        };
        match files.info(&store_path) {
            Ok(info) => Ok(info),
            Err(error) => self.error(
                Code::E_CSC_USER_INVALIDFILENAME,
                span,
                format!("Could not look for '{path}': {error}"),
            ),
        }
    }
}

/// The path within the store, its braces untouched.
fn path_inside(path: &str) -> Option<String> {
    StorePath::parse(path).map(|path| path.as_str().to_owned())
}

type Found = (StorePath, FileInfo, Captures);

/// Calls `found` with every file that the segments match.
fn walk(
    files: &dyn FileStore,
    segments: &[Vec<Piece>],
    folder: &StorePath,
    captures: &Captures,
    found: &mut impl FnMut(Found),
) -> std::io::Result<()> {
    let Some((segment, rest)) = segments.split_first() else {
        return Ok(());
    };
    let plain = match segment.as_slice() {
        [Piece::Text(name)] => Some(name),
        _ => None,
    };
    if let Some(name) = plain {
        let path = folder.join(name);
        if !rest.is_empty() {
            return walk(files, rest, &path, captures, found);
        }
        if let Some(info) = files.info(&path)? {
            found((path, info, captures.clone()));
        }
        return Ok(());
    }
    for entry in files.list(folder)? {
        let Some(next) = match_segment(segment, &entry.name, captures) else {
            continue;
        };
        let path = folder.join(&entry.name);
        match entry.kind {
            EntryKind::Folder if !rest.is_empty() => walk(files, rest, &path, &next, found)?,
            EntryKind::File(info) if rest.is_empty() => found((path, info, next)),
            _ => {}
        }
    }
    Ok(())
}

/// The value of a virtual column for a file.
fn value_of(captures: &Captures, column: &VirtualColumn, now: i64) -> Option<Value> {
    if *column.ty.underlying() == Type::DateTime
        && let Some(date) = captures.date_of(&column.name)
    {
        return Some(date);
    }
    let text = captures.value_of(&column.name)?;
    match column.ty.underlying() {
        Type::String => Some(Value::string(text)),
        Type::DateTime => parse::date_time(text, now).ok().map(Value::DateTime),
        Type::Bool => parse::boolean(text).ok().map(Value::Bool),
        Type::Float => parse::float(text).ok().map(Value::Float),
        Type::Double => parse::double(text).ok().map(Value::Double),
        Type::Decimal => parse::dec(text).ok().map(Value::Decimal),
        Type::Guid => parse::guid(text).ok().map(Value::Guid),
        ty if ty.is_integral() => crate::cs::members::parse_integer(text, ty).ok(),
        _ => None,
    }
}
