//! `Extractors.…` and `Outputters.…` with their parameters.

use azml_usql_syntax::ast::{self, ExprKind};
use azml_usql_syntax::{Code, Span};

use super::expr::ExprBinder;
use super::scope::Scope;
use super::{BResult, Environment};
use crate::cs::{Type, Value};
use crate::extract::{CharFormat, SourceFormat, TextFormat};
use crate::output::{ColumnFormat, FileFormat, OutputFormat, ParquetFormat, refused};
use crate::rel::Column;
use crate::text_encoding::Encoding;

/// The built-in operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Text,
    Csv,
    Tsv,
    Parquet,
}

/// An argument: the parameter's name, its value, its place.
type NamedValue = (String, Value, Span);

impl Environment {
    /// The format of an EXTRACT's USING clause.
    pub(super) fn extractor(&mut self, using: &ast::Expr) -> BResult<SourceFormat> {
        let (operator, args) = self.built_in(using, "Extractors")?;
        if operator == Operator::Parquet {
            self.named_args(operator, args, &[], using.span)?;
            return Ok(SourceFormat::Parquet);
        }
        let parameters: &[(&str, Type)] = &[
            ("delimiter", Type::Char),
            ("rowDelimiter", Type::String),
            ("encoding", Type::Encoding),
            ("escapeCharacter", Type::Nullable(Box::new(Type::Char))),
            ("nullEscape", Type::String),
            ("quoting", Type::Bool),
            ("silent", Type::Bool),
            ("skipFirstNRows", Type::Int),
            ("charFormat", Type::String),
        ];
        let mut format = TextFormat::new(delimiter_of(operator));
        for (name, value, span) in self.named_args(operator, args, parameters, using.span)? {
            match (name.as_str(), value) {
                ("delimiter", Value::Char(unit)) => {
                    format.delimiter = self.character(unit, span)?
                }
                ("rowDelimiter", value) => {
                    format.row_delimiter = self.row_delimiter(&value, span)?
                }
                ("encoding", Value::Encoding(page)) => {
                    format.encoding = self.encoding(page, span)?
                }
                ("escapeCharacter", Value::Char(unit)) => {
                    format.escape = Some(self.character(unit, span)?)
                }
                ("nullEscape", value) => {
                    format.null_escape = value.opt_str().map(ToOwned::to_owned)
                }
                ("quoting", Value::Bool(quoting)) => format.quoting = quoting,
                ("silent", Value::Bool(silent)) => format.silent = silent,
                ("skipFirstNRows", Value::Int(rows)) => match u64::try_from(rows) {
                    Ok(rows) => format.skip_first_rows = rows,
                    Err(_) => return self.bad_argument(span, "skipFirstNRows cannot be negative"),
                },
                ("charFormat", value) => format.char_format = self.char_format(&value, span)?,
                _ => {}
            }
        }
        Ok(SourceFormat::Text(format))
    }

    /// The format of an OUTPUT's USING clause, and the operator's name.
    pub(super) fn outputter(
        &mut self,
        using: &ast::Expr,
        columns: &[Column],
    ) -> BResult<(FileFormat, &'static str)> {
        let (operator, args) = self.built_in(using, "Outputters")?;
        if operator == Operator::Parquet {
            let format = self.parquet_outputter(args, columns, using.span)?;
            return Ok((FileFormat::Parquet(format), "Outputters.Parquet"));
        }
        let parameters: &[(&str, Type)] = &[
            ("delimiter", Type::Char),
            ("rowDelimiter", Type::String),
            ("encoding", Type::Encoding),
            ("quoting", Type::Bool),
            ("escapeCharacter", Type::Nullable(Box::new(Type::Char))),
            ("nullEscape", Type::String),
            ("dateTimeFormat", Type::String),
            ("charFormat", Type::String),
            ("outputHeader", Type::Bool),
        ];
        let mut format = OutputFormat::new(delimiter_of(operator));
        for (name, value, span) in self.named_args(operator, args, parameters, using.span)? {
            match (name.as_str(), value) {
                ("delimiter", Value::Char(unit)) => {
                    format.delimiter = self.character(unit, span)?
                }
                ("rowDelimiter", value) => {
                    format.row_delimiter = self.row_delimiter(&value, span)?
                }
                ("encoding", Value::Encoding(page)) => {
                    format.encoding = self.encoding(page, span)?
                }
                ("quoting", Value::Bool(quoting)) => format.quoting = quoting,
                ("escapeCharacter", Value::Char(unit)) => {
                    format.escape = Some(self.character(unit, span)?)
                }
                ("nullEscape", value) => {
                    format.null_escape = value.opt_str().map(ToOwned::to_owned)
                }
                ("dateTimeFormat", value) => {
                    let pattern = value.opt_str().unwrap_or("O").to_owned();
                    if let Err(error) =
                        crate::cs::datetime::format(Value::date(0).date_time(), &pattern)
                    {
                        return self
                            .bad_argument(span, &format!("dateTimeFormat: {}", error.message));
                    }
                    format.date_time_format = (pattern != "O" && pattern != "o").then_some(pattern);
                }
                ("charFormat", value) => format.char_format = self.char_format(&value, span)?,
                ("outputHeader", Value::Bool(header)) => format.header = header,
                _ => {}
            }
        }
        let name = match operator {
            Operator::Csv => "Outputters.Csv",
            Operator::Tsv => "Outputters.Tsv",
            _ => "Outputters.Text",
        };
        Ok((FileFormat::Text(format), name))
    }

    fn parquet_outputter(
        &mut self,
        args: &[ast::Arg],
        columns: &[Column],
        span: Span,
    ) -> BResult<ParquetFormat> {
        let parameters: &[(&str, Type)] = &[
            ("rowGroupSize", Type::Long),
            ("rowGroupRows", Type::Long),
            ("columnOptions", Type::String),
        ];
        let mut format = ParquetFormat {
            row_group_bytes: 256 << 20,
            row_group_rows: 10_485_760,
            columns: vec![ColumnFormat::default(); columns.len()],
        };
        for (name, value, span) in self.named_args(Operator::Parquet, args, parameters, span)? {
            match (name.as_str(), &value) {
                ("columnOptions", value) => {
                    let options = value.opt_str().unwrap_or("");
                    format.columns = match ColumnFormat::list(options, columns.len()) {
                        Ok(columns) => columns,
                        Err(reason) => return self.bad_argument(span, &reason),
                    };
                }
                (name, Value::Long(number)) => {
                    let Some(number) = usize::try_from(*number).ok().filter(|n| *n > 0) else {
                        return self.bad_argument(span, &format!("{name} is at least 1"));
                    };
                    match name {
                        "rowGroupSize" => format.row_group_bytes = number,
                        _ => format.row_group_rows = number,
                    }
                }
                _ => {}
            }
        }
        if let Some(column) = refused(columns) {
            let message = format!(
                "Outputters.Parquet was used to output column {} of type {}. The outputter does not write it.",
                column.name, column.ty
            );
            return self.error(Code::E_CSC_USER_INVALIDTYPEINOUTPUTTER, span, message);
        }
        Ok(format)
    }

    /// The built-in operator of a USING clause and its arguments.
    fn built_in<'e>(
        &mut self,
        using: &'e ast::Expr,
        class: &str,
    ) -> BResult<(Operator, &'e [ast::Arg])> {
        let (plain, args) = (udo_class(using), udo_args(using));
        let name = plain
            .rsplit_once('.')
            .filter(|(owner, _)| owner.rsplit('.').next() == Some(class))
            .map(|(_, name)| name);
        let operator = match name {
            Some("Text") => Operator::Text,
            Some("Csv") => Operator::Csv,
            Some("Tsv") => Operator::Tsv,
            Some("Parquet") => Operator::Parquet,
            Some("Orc") => return self.unsupported(using.span, &format!("{class}.Orc")),
            Some(name) => {
                let message = format!(
                    "C# error CS0117: '{class}' does not contain a definition for '{name}'"
                );
                return self.error(Code::E_CSC_USER_INVALIDCSHARP, using.span, message);
            }
            None => return self.foreign_class(&plain, using.span),
        };
        Ok((operator, args))
    }

    /// Arguments by the names of their parameters, each a constant of its type.
    fn named_args(
        &mut self,
        operator: Operator,
        args: &[ast::Arg],
        parameters: &[(&str, Type)],
        span: Span,
    ) -> BResult<Vec<NamedValue>> {
        // Csv and Tsv have no delimiter.
        let parameters: Vec<&(&str, Type)> = parameters
            .iter()
            .filter(|(name, _)| operator == Operator::Text || *name != "delimiter")
            .collect();
        let mut values: Vec<NamedValue> = Vec::new();
        for (at, arg) in args.iter().enumerate() {
            let wanted = match &arg.name {
                Some(name) => parameters.iter().find(|(known, _)| *known == name.text),
                None => parameters.get(at),
            };
            let Some((name, ty)) = wanted else {
                let message = match &arg.name {
                    Some(name) => format!(
                        "C# error CS1739: The best overload for '{operator:?}' does not have a parameter named '{}'",
                        name.text
                    ),
                    None => format!(
                        "C# error CS1501: No overload for method '{operator:?}' takes {} arguments",
                        args.len()
                    ),
                };
                let span = arg.name.as_ref().map_or(span, |name| name.span);
                return self.error(Code::E_CSC_USER_INVALIDCSHARP, span, message);
            };
            if values.iter().any(|(known, ..)| known == name) {
                let message = format!(
                    "C# error CS1740: Named argument '{name}' cannot be specified multiple times"
                );
                return self.error(Code::E_CSC_USER_INVALIDCSHARP, arg.value.span, message);
            }
            let scope = Scope::default();
            let value = ExprBinder::new(self, &scope).constant(&arg.value, ty)?;
            values.push(((*name).to_owned(), value, arg.value.span));
        }
        Ok(values)
    }

    fn bad_argument<T>(&mut self, span: Span, reason: &str) -> BResult<T> {
        self.error(
            Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
            span,
            format!("Invalid expression: {reason}"),
        )
    }

    fn character(&mut self, unit: u16, span: Span) -> BResult<char> {
        match char::from_u32(u32::from(unit)) {
            Some(c) => Ok(c),
            None => self.bad_argument(span, "half of a surrogate pair is no delimiter"),
        }
    }

    fn row_delimiter(&mut self, value: &Value, span: Span) -> BResult<Option<char>> {
        let Some(text) = value.opt_str() else {
            return Ok(None);
        };
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(Some(c)),
            // What null means.
            _ if text == "\r\n" => Ok(None),
            _ => self.bad_argument(span, "rowDelimiter is one character"),
        }
    }

    fn encoding(&mut self, page: u16, span: Span) -> BResult<Encoding> {
        match Encoding::by_code_page(i32::from(page)) {
            Some(encoding) => Ok(encoding),
            None => self.bad_argument(span, "the encoding is not supported"),
        }
    }

    fn char_format(&mut self, value: &Value, span: Span) -> BResult<CharFormat> {
        match value.opt_str() {
            None | Some("uint16") => Ok(CharFormat::Uint16),
            Some("string") => Ok(CharFormat::String),
            Some(other) => self.error(
                Code::E_CSC_USER_UNSUPPORTEDCHARFORMAT,
                span,
                format!(
                    "The character format '{other}' is not supported. Use \"uint16\" or \"string\"."
                ),
            ),
        }
    }
}

/// The class of a USING clause, its names without brackets.
pub(super) fn udo_class(using: &ast::Expr) -> String {
    let path = match &using.kind {
        ExprKind::Call(call) => call.callee.to_string(),
        ExprKind::New { ty, .. } => ty.to_string(),
        _ => using.to_string(),
    };
    path.replace(['[', ']'], "")
}

/// The arguments of a USING clause.
pub(super) fn udo_args(using: &ast::Expr) -> &[ast::Arg] {
    match &using.kind {
        ExprKind::Call(call) => &call.args,
        ExprKind::New { args, .. } => args.as_deref().unwrap_or_default(),
        _ => &[],
    }
}

fn delimiter_of(operator: Operator) -> char {
    if operator == Operator::Tsv { '\t' } else { ',' }
}
