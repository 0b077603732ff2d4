//! The page on which a person confirms a device code. Static HTML; what goes into it is escaped.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// The form, with the code filled in where the address names it.
pub(super) fn form(user_code: &str) -> Response {
    let body = format!(
        r#"<form method="post" action="/devicelogin">
<p><label>Code <input name="user_code" value="{}" autocomplete="off" required autofocus></label></p>
<p><label>User <input name="username" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button>Sign in</button> <button name="decision" value="decline">Decline</button></p>
</form>
<p>Continue only if a program of yours showed you this code.</p>"#,
        escape(user_code)
    );
    page(StatusCode::OK, "Sign in to your device", &body)
}

/// What came of it.
pub(super) fn outcome(status: StatusCode, title: &str, text: &str) -> Response {
    page(status, title, &format!("<p>{}</p>", escape(text)))
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>body{{font-family:sans-serif;max-width:30em;margin:3em auto}}</style></head>\n\
         <body><h1>{title}</h1>\n{body}\n</body></html>\n"
    );
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
        ),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_request_becomes_markup() {
        assert_eq!(
            escape("\"><script>a&'b"),
            "&quot;&gt;&lt;script&gt;a&amp;&#39;b"
        );
    }
}
