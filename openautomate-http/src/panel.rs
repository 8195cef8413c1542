//! The control panel: a folder of static files that is built by Node (`make panel`) and embedded here.
//!
//! The panel is a client of the API like any other; nothing here knows what its pages do. Where it was not built, a
//! page says how. Files are compressed when the panel is built, names that hold a hash never change, and every other
//! file is asked for again by its `ETag`. Pages of one thing (`/executions/<id>`) are one file each: `_` stands for
//! the id. The panel stands at the root; a router that is nested elsewhere serves the API alone.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{Html, IntoResponse as _, Response};
use rust_embed::RustEmbed;
use serde::Deserialize;
use uuid::Uuid;

use crate::problem::Problem;

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const STUB: &str = include_str!("../panel/dist/stub.html");
/// What the build says of itself.
const MANIFEST: &str = "panel.json";
/// These are never pages, so nobody gets HTML there.
const NO_PAGES: [&str; 3] = ["api", "_next", "healthz"];
/// The compressed forms that lie beside a file, the smallest first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// An answer that is as it should be, though its status is one of an error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IsPage;

/// Where the panel's files are.
trait Export {
    /// A file and the hash of its content.
    fn get(&self, name: &str) -> Option<(Cow<'static, [u8]>, [u8; 32])>;
}

#[derive(RustEmbed)]
#[folder = "panel/dist"]
#[exclude = "stub.html"]
struct Embedded;

impl Export for Embedded {
    fn get(&self, name: &str) -> Option<(Cow<'static, [u8]>, [u8; 32])> {
        <Self as RustEmbed>::get(name).map(|file| (file.data, file.metadata.sha256_hash()))
    }
}

/// What the build says of itself.
#[derive(Debug, Default, Deserialize)]
struct Manifest {
    /// The hashes of the scripts that stand in the pages, as in `sha256-…`.
    scripts: Vec<String>,
}

/// Answers whatever no route is for: a file of the panel, one of its pages, or a problem.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    answer(&Embedded, &method, uri.path(), &headers)
}

fn answer(export: &dyn Export, method: &Method, path: &str, headers: &HeaderMap) -> Response {
    let path = path.trim_matches('/');
    let nothing = || Problem::of_status(StatusCode::NOT_FOUND).into_response();
    if !matches!(*method, Method::GET | Method::HEAD) {
        return nothing();
    }
    let first = path.split('/').next().unwrap_or_default();
    if let Some(name) =
        candidates(path).into_iter().find(|name| is_served(name) && export.get(name).is_some())
    {
        return file(export, &name, headers, StatusCode::OK);
    }
    if NO_PAGES.contains(&first) {
        return nothing();
    }
    if export.get("index.html").is_none() {
        return match path {
            "" => Html(STUB).into_response(),
            "setup" => Html(include_str!("route/pages/setup.html")).into_response(),
            _ => nothing(),
        };
    }
    // Whoever asks for a picture or for data is not helped by a page.
    let wants_page = headers.get("accept").and_then(|value| value.to_str().ok());
    if wants_page.is_some_and(|accept| accept.contains("text/html")) && export.get("404.html").is_some() {
        return file(export, "404.html", headers, StatusCode::NOT_FOUND);
    }
    nothing()
}

/// What is for the server, and the compressed forms, are no files of their own.
fn is_served(name: &str) -> bool {
    name != MANIFEST && name != "stub.html" && !ENCODINGS.iter().any(|(_, end)| name.ends_with(end))
}

/// The files that a path may stand for, the likeliest first.
fn candidates(path: &str) -> Vec<String> {
    if path.is_empty() {
        return vec!["index.html".to_owned()];
    }
    let mut names = vec![path.to_owned(), format!("{path}.html")];
    // `executions/<id>` is `executions/_.html`; what the page loads of itself, `executions/<id>.txt` and
    // `executions/<id>/…`, likewise.
    let parts: Vec<&str> = path.split('/').collect();
    let placed: Vec<Cow<'_, str>> = parts.iter().map(|part| placeholder(part)).collect();
    if placed.iter().any(|part| matches!(part, Cow::Owned(_))) {
        let name = placed.join("/");
        names.extend([name.clone(), format!("{name}.html")]);
    }
    names
}

/// `_` for an id, `_.txt` for an id with this end.
fn placeholder(part: &str) -> Cow<'_, str> {
    let (stem, end) = part.split_at(part.find('.').unwrap_or(part.len()));
    if Uuid::try_parse(stem).is_ok() { Cow::Owned(format!("_{end}")) } else { Cow::Borrowed(part) }
}

fn file(export: &dyn Export, name: &str, headers: &HeaderMap, status: StatusCode) -> Response {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let compressed =
        ENCODINGS.iter().filter(|(encoding, _)| accepts(accepted, encoding)).find_map(|(encoding, end)| {
            export.get(&format!("{name}{end}")).map(|found| (Some(*encoding), found))
        });
    let Some((encoding, (data, hash))) = compressed.or_else(|| export.get(name).map(|found| (None, found)))
    else {
        return Problem::of_status(StatusCode::NOT_FOUND).into_response();
    };
    let is_page = name.ends_with(".html");
    let policy = if is_page { policy(export) } else { None };
    let tag = format!("\"{}\"", hex::encode(&hash[..12]));
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_known = status == StatusCode::OK && known.split(',').any(|one| one.trim() == tag);
    let is_fixed = name.starts_with("_next/static/");
    let caching = if is_fixed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (status, Body::from(data.into_owned())).into_response()
    };
    response.extensions_mut().insert(IsPage);
    let set = response.headers_mut();
    set.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(name)));
    set.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    set.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        set.insert(ETAG, tag);
    }
    if let Some(encoding) = encoding {
        set.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if let Some(policy) = policy {
        set.insert(CONTENT_SECURITY_POLICY, policy);
        set.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    }
    response
}

/// Whether a client takes an encoding; one that it weighs with 0 it does not.
fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let mut weights = parts.filter_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        is_named && weights.next_back().is_none_or(|weight| weight > 0.0)
    })
}

/// Scripts of this server and those that the build put into its pages; nothing is fetched from or sent elsewhere, and
/// nobody frames a page. Rows of a long list set styles on elements, files are shown from memory.
fn policy(export: &dyn Export) -> Option<HeaderValue> {
    let manifest = export.get(MANIFEST).and_then(|(data, _)| serde_json::from_slice::<Manifest>(&data).ok());
    let scripts: String =
        manifest.unwrap_or_default().scripts.iter().map(|hash| format!(" '{hash}'")).collect();
    let policy = format!(
        "default-src 'none'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-src blob:; manifest-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).ok()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, end)| end) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "txt" => "text/x-component; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};
    use std::collections::HashMap;

    struct Folder(HashMap<&'static str, &'static str>);

    impl Export for Folder {
        fn get(&self, name: &str) -> Option<(Cow<'static, [u8]>, [u8; 32])> {
            let data = self.0.get(name)?.as_bytes();
            Some((Cow::Borrowed(data), Sha256::digest(data).into()))
        }
    }

    fn built() -> Folder {
        Folder(HashMap::from([
            ("panel.json", r#"{"scripts": ["sha256-abc=", "sha256-def="]}"#),
            ("index.html", "the dashboard"),
            ("index.html.br", "b"),
            ("index.html.gz", "g"),
            ("404.html", "no such page"),
            ("executions.html", "all"),
            ("executions/_.html", "one"),
            ("executions/_.txt", "its parts"),
            ("executions/_/__next._tree.txt", "its tree"),
            ("_next/static/chunks/0a1b.js", "script"),
        ]))
    }

    fn get(path: &str, headers: &[(&'static str, &'static str)]) -> Response {
        let named =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        answer(&built(), &Method::GET, path, &named.collect())
    }

    async fn text(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        String::from_utf8(bytes.into()).unwrap()
    }

    #[tokio::test]
    async fn deep_links_lead_to_their_page() {
        let id = "0199b7d0-7f6e-7cc3-98ad-0d7f1a4a5b6c";
        for (path, wanted) in [
            ("/".to_owned(), "the dashboard"),
            ("/executions".to_owned(), "all"),
            ("/executions/".to_owned(), "all"),
            (format!("/executions/{id}"), "one"),
            (format!("/executions/{id}.txt"), "its parts"),
            (format!("/executions/{id}/__next._tree.txt"), "its tree"),
            ("/executions/_".to_owned(), "one"),
        ] {
            let response = get(&path, &[]);
            assert_eq!(response.status(), 200, "{path}");
            assert_eq!(text(response).await, wanted, "{path}");
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_a_page_for_people_and_a_problem_for_programs() {
        let response = get("/executions/nonsense", &[("accept", "text/html,*/*;q=0.8")]);
        assert_eq!(
            (response.status(), response.extensions().get::<IsPage>().is_some()),
            (StatusCode::NOT_FOUND, true)
        );
        assert_eq!(text(response).await, "no such page");
        for path in
            ["/nothing", "/api/nothing", "/_next/static/old.js", "/panel.json", "/index.html.br", "/../x"]
        {
            let accept = if path == "/nothing" { "*/*" } else { "text/html" };
            let response = get(path, &[("accept", accept)]);
            assert_eq!(response.status(), 404, "{path}");
            let is_page = path.starts_with("/panel") || path.starts_with("/index") || path.starts_with("/..");
            let kind = if is_page { "text/html; charset=utf-8" } else { "application/problem+json" };
            assert_eq!(response.headers()["content-type"], kind, "{path}");
        }
        let posted = answer(&built(), &Method::POST, "/", &HeaderMap::new());
        assert_eq!(posted.status(), 404);
    }

    #[tokio::test]
    async fn files_are_cached_by_their_names_or_asked_for_again() {
        let script = get("/_next/static/chunks/0a1b.js", &[]);
        assert_eq!(script.headers()["cache-control"], "public, max-age=31536000, immutable");
        assert!(!script.headers().contains_key("content-security-policy"));
        let page = get("/", &[("accept-encoding", "gzip, br")]);
        let headers = page.headers().clone();
        assert_eq!(
            (&headers["cache-control"], &headers["content-encoding"]),
            (&"no-cache".parse().unwrap(), &"br".parse().unwrap())
        );
        assert_eq!(text(page).await, "b");
        for (accepted, wanted) in
            [("gzip", "g"), ("br;q=0, gzip;q=0.5", "g"), ("identity", "the dashboard"), ("", "the dashboard")]
        {
            assert_eq!(text(get("/", &[("accept-encoding", accepted)])).await, wanted, "{accepted}");
        }
        let mut again = HeaderMap::new();
        again.insert(IF_NONE_MATCH, headers["etag"].clone());
        again.insert(ACCEPT_ENCODING, HeaderValue::from_static("br"));
        let same = answer(&built(), &Method::GET, "/", &again);
        assert_eq!((same.status(), &same.headers()["etag"]), (StatusCode::NOT_MODIFIED, &headers["etag"]));
        again.remove(ACCEPT_ENCODING);
        assert_eq!(answer(&built(), &Method::GET, "/", &again).status(), 200, "another form of it");
    }

    #[test]
    fn pages_run_their_own_scripts_alone() {
        let policy = get("/", &[]).headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'self' 'sha256-abc=' 'sha256-def=';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-eval"));
    }

    #[tokio::test]
    async fn without_a_build_a_page_says_how_to_get_one() {
        let none = Folder(HashMap::new());
        let page = answer(&none, &Method::GET, "/", &HeaderMap::new());
        assert!(text(page).await.contains("make panel"));
        assert_eq!(answer(&none, &Method::GET, "/setup", &HeaderMap::new()).status(), 200);
        assert_eq!(answer(&none, &Method::GET, "/executions", &HeaderMap::new()).status(), 404);
    }
}
