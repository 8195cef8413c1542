//! Where distributions come from: the folder of wheels, hashes, a private index.

use openautomate_core::secret::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

#[tokio::test]
async fn only_what_is_pinned_by_hash_is_installed_where_hashes_are_required() {
    let place = Place::new();
    let cache = place.open(place.settings().require_hashes(true));
    let failure = place.ensure(&cache, &place.tiny("==1.0")).await.unwrap_err().to_string();
    assert!(failure.contains("--require-hashes") && failure.contains("installing"), "{failure}");
    let hash = sha256(&place.path("wheels/tiny-1.0-py3-none-any.whl"));
    let pinned = place.package(&[("requirements.txt", &format!("tiny==1.0 --hash=sha256:{hash}\n"))]);
    let environment = place.ensure(&cache, &pinned).await.unwrap();
    assert_eq!(say(&environment.python(), TINY).unwrap(), "1.0");
}

#[tokio::test]
async fn with_a_folder_of_wheels_nothing_comes_from_the_network() {
    let place = Place::new();
    let cache = place.open(place.settings());
    // It is on pypi.org, and not in the folder.
    let requirement = place.package(&[("requirements.txt", "six\n")]);
    let failure = place.ensure(&cache, &requirement).await.unwrap_err();
    assert!(failure.words.iter().any(|line| line.contains("six was not found")), "{failure}");
}

/// An index that asks for a password: `tiny` 1.0 is on it and nothing else.
async fn serve(listener: TcpListener, wheel: Vec<u8>, asked: Arc<Mutex<Vec<String>>>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut buffer).await {
                Ok(count) if count > 0 => request.extend_from_slice(&buffer[..count]),
                _ => break,
            }
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let path = text.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let is_known = text.to_lowercase().contains("authorization: basic");
        asked.lock().unwrap().push(text);
        let page = b"<a href=\"/files/tiny-1.0-py3-none-any.whl\">tiny-1.0-py3-none-any.whl</a>".to_vec();
        let (status, kind, body) = match (is_known, path.as_str()) {
            (false, _) => ("401 Unauthorized", "text/plain", Vec::new()),
            (true, "/simple/tiny/") => ("200 OK", "text/html", page),
            (true, path) if path.ends_with(".whl") => ("200 OK", "application/zip", wheel.clone()),
            (true, _) => ("404 Not Found", "text/plain", Vec::new()),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        // Who only wanted the head may be gone.
        let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
    }
}

#[tokio::test]
async fn the_password_of_an_index_is_used_and_seen_nowhere() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let wheel = std::fs::read(place.path("wheels/tiny-1.0-py3-none-any.whl")).unwrap();
    tokio::spawn(serve(listener, wheel, Arc::clone(&asked)));
    let url = Secret::new(format!("http://robot:correct-horse@{address}/simple"));
    let settings =
        EnvironmentSettings::new(python(), version()).uv(Some(place.uv(""))).index_url(Some(url.clone()));
    assert!(!format!("{settings:?}").contains("horse"));
    let cache = place.open(settings);
    let environment = place.ensure(&cache, &place.tiny("")).await.unwrap();
    assert_eq!(say(&environment.python(), TINY).unwrap(), "1.0");
    assert!(asked.lock().unwrap().iter().any(|text| text.contains("cm9ib3Q6Y29ycmVjdC1ob3JzZQ==")));

    let missing = place.package(&[("requirements.txt", "not-there\n")]);
    let failure = place.ensure(&cache, &missing).await.unwrap_err();
    let lines = place.lines.lock().unwrap().clone();
    let calls = std::fs::read_to_string(place.path("calls")).unwrap();
    let markers: String = place.left().join(" ");
    for text in [
        failure.to_string(),
        format!("{failure:?}"),
        format!("{lines:?}"),
        calls,
        format!("{cache:?}"),
        markers,
    ] {
        assert!(!text.contains("horse") && !text.contains("cm9ib3Q6"), "{text}");
    }
    assert!(failure.to_string().contains("not-there"), "{failure}");
}
