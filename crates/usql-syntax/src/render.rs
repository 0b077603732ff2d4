//! Diagnostics as text for a person: source line, caret, hint. The only place
//! that knows the rendering crate.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::{Diagnostic, Severity};

/// Renders one diagnostic of the script `source`, which the user knows as
/// `name`. `color` asks for terminal colours.
pub fn render(diagnostic: &Diagnostic, name: &str, source: &str, color: Color) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let mut start = diagnostic.span.start.min(source.len());
    while !source.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = diagnostic.span.end.clamp(start, source.len());
    while !source.is_char_boundary(end) {
        end += 1;
    }
    let snippet = Snippet::source(source)
        .path(name)
        .annotation(AnnotationKind::Primary.span(start..end));
    let mut report = vec![
        level
            .primary_title(&diagnostic.message)
            .id(diagnostic.code.as_str())
            .element(snippet),
    ];
    if let Some(hint) = &diagnostic.hint {
        report.push(Group::with_title(Level::HELP.secondary_title(hint)));
    }
    match color {
        Color::Never => Renderer::plain().render(&report),
        Color::Always => Renderer::styled().render(&report),
    }
}

/// Whether [`render`] writes terminal colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Plain text.
    Never,
    /// ANSI colours.
    Always,
}
