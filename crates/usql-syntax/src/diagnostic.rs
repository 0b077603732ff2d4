//! What the front end and the compiler have to say about a script.

use crate::{Code, LineIndex, Position, Span};

/// How bad it is. The names are those of the job service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing to do.
    Info,
    /// The script runs.
    Warning,
    /// The script does not run.
    Error,
}

impl Severity {
    /// As the job service spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "Info",
            Self::Warning => "Warning",
            Self::Error => "Error",
        }
    }
}

/// One finding, tied to a place in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The published code.
    pub code: Code,
    /// The sentence, without the code.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to try, when there is something particular.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            span,
            hint: None,
        }
    }

    /// A warning.
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            code,
            message: message.into(),
            span,
            hint: None,
        }
    }

    /// Something worth knowing.
    pub fn info(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Info,
            code,
            message: message.into(),
            span,
            hint: None,
        }
    }

    /// Adds what to try.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether the script cannot run because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Start and end as the job service reports them.
    pub fn positions(&self, index: &LineIndex<'_>) -> (Position, Position) {
        (
            index.position(self.span.start),
            index.position(self.span.end),
        )
    }

    /// The `details` text of a job error: the token, its line, and the
    /// surrounding text with `###` before the token.
    pub fn details(&self, index: &LineIndex<'_>) -> String {
        let source = index.source();
        let token = self.span.text(source);
        let line = index.position(self.span.start).line;
        let text = index.line_text(self.span.start);
        let line_start = offset_in(source, text);
        let at = self.span.start.saturating_sub(line_start).min(text.len());
        let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
        format!(
            "at token '{token}', line {line}\nnear the ###:\n**************\n{before} ### {after}\n**************"
        )
    }
}

/// Where `part`, a slice of `whole`, begins.
fn offset_in(whole: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}
