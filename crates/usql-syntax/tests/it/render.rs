//! Diagnostics as a person sees them.

use azml_usql_syntax::{Color, LineIndex, parse, render};

#[test]
fn a_syntax_error_shows_line_caret_and_hint() {
    let source = "@a = @b;\r\n@r = SELECT x\r\n     from @t;\r\n";
    let parsed = parse(source);
    let text = render(&parsed.diagnostics[0], "job.usql", source, Color::Never);
    insta::assert_snapshot!(text, @r"
    error[E_CSC_USER_SYNTAXERROR]: syntax error. Expected one of: ',' AS FROM
     --> job.usql:3:6
      |
    3 |      from @t;
      |      ^^^^
      |
    help: keywords are upper case only: write FROM
    ");
}

/// The form of a job error's `details`.
#[test]
fn details_mark_the_token() {
    let source = "DROP DATABASE IF EXIST FOO;";
    let parsed = parse(source);
    let index = LineIndex::new(source);
    let diagnostic = &parsed.diagnostics[0];
    let (start, end) = diagnostic.positions(&index);
    // datalake-analytics J5: the recorded answer of the service.
    assert_eq!(
        (start.line, start.column, start.offset, end.offset),
        (1, 18, 17, 22)
    );
    assert_eq!(
        diagnostic.details(&index),
        "at token 'EXIST', line 1\nnear the ###:\n**************\nDROP DATABASE IF  ### EXIST FOO;\n**************"
    );
}
