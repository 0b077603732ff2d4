//! A router that also knows its own path templates, so that the fixed segments
//! of a path can be matched in any letter case.

use std::collections::BTreeMap;

use axum::{Router, routing::MethodRouter};

/// Routes of a service. Paths are as in axum: `/api/workspaces/{ws}`.
///
/// The literal segments match in any letter case, and one trailing slash more
/// than in the template is ignored.
///
/// `S` is the state that the handlers still want, as in axum.
#[derive(Debug)]
pub(crate) struct Routes<S = ()> {
    router: Router<S>,
    templates: Templates,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    pub(crate) fn new() -> Self {
        Self {
            router: Router::new(),
            templates: Templates::default(),
        }
    }

    /// Adds a route.
    pub(crate) fn route(mut self, path: &str, handler: MethodRouter<S>) -> Self {
        self.templates.insert(path);
        self.router = self.router.route(path, handler);
        self
    }

    /// Applies `change`, for example a layer, to the routes so far.
    pub(crate) fn map(mut self, change: impl FnOnce(Router<S>) -> Router<S>) -> Self {
        self.router = change(self.router);
        self
    }

    /// Gives the handlers their state.
    pub(crate) fn with_state<T>(self, state: S) -> Routes<T> {
        Routes {
            router: self.router.with_state(state),
            templates: self.templates,
        }
    }

    /// Adds all routes of `other`.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.templates.merge(other.templates);
        self
    }
}

impl Routes {
    pub(super) fn into_parts(self) -> (Router, Templates) {
        (self.router, self.templates)
    }
}

/// The templates of a router as a tree of segments.
#[derive(Debug, Default)]
pub(super) struct Templates {
    /// By lower-case spelling: the spelling of the template, and what follows.
    literals: BTreeMap<String, (String, Templates)>,
    variable: Option<Box<Templates>>,
    /// Whether a template ends here.
    end: bool,
    /// Whether a template takes any rest from here.
    rest: bool,
}

impl Templates {
    fn insert(&mut self, template: &str) {
        let mut node = self;
        for segment in template.strip_prefix('/').unwrap_or(template).split('/') {
            if segment.starts_with("{*") {
                node.rest = true;
                return;
            }
            node = if segment.starts_with('{') {
                node.variable.get_or_insert_default()
            } else {
                &mut node
                    .literals
                    .entry(segment.to_ascii_lowercase())
                    .or_insert_with(|| (segment.to_owned(), Self::default()))
                    .1
            };
        }
        node.end = true;
    }

    fn merge(&mut self, other: Self) {
        self.end |= other.end;
        self.rest |= other.rest;
        if let Some(variable) = other.variable {
            self.variable.get_or_insert_default().merge(*variable);
        }
        for (key, (spelling, templates)) in other.literals {
            self.literals
                .entry(key)
                .or_insert_with(|| (spelling, Self::default()))
                .1
                .merge(templates);
        }
    }

    /// The path as its template spells it; `None` when it is so already or
    /// when no template matches.
    pub(super) fn canonical(&self, path: &str) -> Option<String> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let without_slash = match segments.split_last() {
            Some((&"", others)) if !others.is_empty() => others,
            _ => &segments,
        };
        // A template of its own goes before one that takes any rest.
        let attempts = [
            (segments.as_slice(), false),
            (without_slash, false),
            (segments.as_slice(), true),
        ];
        let mut spelled = Vec::with_capacity(segments.len());
        let matched = attempts.into_iter().any(|(segments, rest)| {
            spelled.clear();
            self.find(segments, rest, &mut spelled)
        });
        if !matched {
            return None;
        }
        let canonical = format!("/{}", spelled.join("/"));
        (canonical != path).then_some(canonical)
    }

    fn find<'a>(&'a self, segments: &[&'a str], rest: bool, spelled: &mut Vec<&'a str>) -> bool {
        let Some((first, others)) = segments.split_first() else {
            return self.end;
        };
        let depth = spelled.len();
        if let Some((spelling, next)) = self.literals.get(first.to_ascii_lowercase().as_str()) {
            spelled.push(spelling);
            if next.find(others, rest, spelled) {
                return true;
            }
            spelled.truncate(depth);
        }
        if let Some(next) = &self.variable
            && !first.is_empty()
        {
            spelled.push(first);
            if next.find(others, rest, spelled) {
                return true;
            }
            spelled.truncate(depth);
        }
        if rest && self.rest {
            spelled.extend(segments);
        }
        rest && self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates(paths: &[&str]) -> Templates {
        let mut templates = Templates::default();
        paths.iter().for_each(|path| templates.insert(path));
        templates
    }

    #[test]
    fn only_fixed_segments_change_their_case() {
        let templates = templates(&[
            "/api/workspaces/{ws}/datasources",
            "/api/workspaces/{ws}/datasources/{id}",
            "/blobs/{*path}",
        ]);
        let canonical = |path| templates.canonical(path);
        assert_eq!(canonical("/api/workspaces/API/datasources"), None);
        assert_eq!(
            canonical("/API/Workspaces/API/DataSources/Api").as_deref(),
            Some("/api/workspaces/API/datasources/Api")
        );
        assert_eq!(canonical("/Blobs/A/b//C").as_deref(), Some("/blobs/A/b//C"));
        assert_eq!(canonical("/nowhere/API"), None);
    }

    #[test]
    fn one_trailing_slash_is_dropped() {
        let templates = templates(&["/api/uploads/{ws}", "/with/slash/"]);
        assert_eq!(
            templates.canonical("/api/uploads/x/").as_deref(),
            Some("/api/uploads/x")
        );
        assert_eq!(templates.canonical("/api/uploads/x//"), None);
        assert_eq!(templates.canonical("/with/slash/"), None);
    }

    #[test]
    fn a_rest_takes_only_what_no_other_template_takes() {
        let templates = templates(&["/api/uploads/{ws}", "/api/{*rest}"]);
        assert_eq!(
            templates.canonical("/API/uploads/x/").as_deref(),
            Some("/api/uploads/x")
        );
        assert_eq!(
            templates.canonical("/API/Uploads/x/y/").as_deref(),
            Some("/api/Uploads/x/y/")
        );
    }

    #[test]
    fn a_literal_does_not_hide_a_variable() {
        let templates = templates(&["/a/fixed/x", "/a/{any}/y"]);
        assert_eq!(
            templates.canonical("/A/fixed/Y").as_deref(),
            Some("/a/fixed/y")
        );
    }
}
