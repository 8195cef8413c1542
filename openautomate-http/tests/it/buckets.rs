//! Storage buckets: made, filled, listed, read in part, emptied.

use openautomate_core::domain::Role;
use openautomate_core::service::{BlobCollector, Pruner};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::fake_agent::FakeAgent;
use crate::server::{Person, TestServer, problem, read, text};

struct Area<'s> {
    server: &'s TestServer,
    token: String,
    id: String,
}

impl<'s> Area<'s> {
    async fn new(server: &'s TestServer, person: &Person, settings: Value) -> Self {
        let made = server.post("/api/buckets", &person.token, &settings).send().await.unwrap();
        let id = text(&read(made, 201).await["id"]);
        Self { server, token: person.token.clone(), id }
    }

    fn url(&self, rest: &str, params: &[(&str, &str)]) -> String {
        let base = format!("{}/api/buckets/{}/{rest}", self.server.url, self.id);
        reqwest::Url::parse_with_params(&base, params).unwrap().to_string()
    }

    async fn send(
        &self,
        method: Method,
        rest: &str,
        params: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Response {
        let mut request =
            self.server.client.request(method, self.url(rest, params)).bearer_auth(&self.token).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    async fn put(&self, key: &str, content: &[u8], headers: &[(&str, &str)]) -> Response {
        self.send(Method::PUT, "object", &[("key", key)], headers, content.to_vec()).await
    }

    async fn content(&self, key: &str, headers: &[(&str, &str)]) -> Response {
        self.send(Method::GET, "object/content", &[("key", key)], headers, Vec::new()).await
    }

    async fn list(&self, params: &[(&str, &str)]) -> Value {
        read(self.send(Method::GET, "objects", params, &[], Vec::new()).await, 200).await
    }

    async fn delete(&self, key: &str, headers: &[(&str, &str)]) -> Response {
        self.send(Method::DELETE, "object", &[("key", key)], headers, Vec::new()).await
    }

    async fn shown(&self) -> Value {
        let path = format!("/api/buckets/{}", self.id);
        read(self.server.get(&path, &self.token).send().await.unwrap(), 200).await
    }
}

fn keys(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["key"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_bucket_is_made_changed_and_deleted() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let settings = json!({"name": "reports", "maxBytes": 100, "retentionDays": 30});
    let request = || server.post("/api/buckets", &admin.token, &settings).header("idempotency-key", "k");
    let first = request().send().await.unwrap();
    let location = first.headers()["location"].to_str().unwrap().to_owned();
    let bucket = read(first, 201).await;
    assert_eq!(read(request().send().await.unwrap(), 201).await, bucket);
    assert_eq!((&bucket["maxBytes"], &bucket["maxObjects"]), (&json!(100), &json!(100_000)));
    let taken = server.post("/api/buckets", &admin.token, &json!({"name": "REPORTS"})).send().await.unwrap();
    assert_eq!(problem(taken, 409).await["code"], "name.taken");
    for (wrong, field) in [
        (json!({"name": ""}), "name"),
        (json!({"name": "x", "maxBytes": 0}), "maxBytes"),
        (json!({"name": "x", "maxObjects": 1_000_000_000}), "maxObjects"),
        (json!({"name": "x", "retentionDays": 0}), "retentionDays"),
    ] {
        let refused = server.post("/api/buckets", &admin.token, &wrong).send().await.unwrap();
        assert_eq!(problem(refused, 422).await["errors"][0]["field"], field);
    }
    let put = async |tag: &str, body: Value| {
        server.put(&location, &admin.token, &body).header("if-match", tag).send().await.unwrap()
    };
    let changed = read(put("\"0\"", json!({"name": "ledgers"})).await, 200).await;
    assert_eq!(
        (&changed["name"], &changed["retentionDays"], &changed["revision"]),
        (&json!("ledgers"), &json!(null), &json!(1))
    );
    problem(put("\"0\"", json!({"name": "x"})).await, 412).await;
    let list = read(server.get("/api/buckets", &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(list["items"], json!([changed]));
    let area = Area { server: &server, token: admin.token.clone(), id: text(&bucket["id"]) };
    read(area.put("a", b"x", &[]).await, 200).await;
    let delete = || server.delete(&location, &admin.token).send();
    assert_eq!(problem(delete().await.unwrap(), 409).await["code"], "bucket.not_empty");
    assert_eq!(area.delete("a", &[]).await.status(), 204);
    assert_eq!(delete().await.unwrap().status(), 204);
    problem(server.get(&location, &admin.token).send().await.unwrap(), 404).await;
    problem(area.put("a", b"x", &[]).await, 404).await;
    let operator = server.person("oscar", Role::Viewer).await;
    problem(server.post("/api/buckets", &operator.token, &json!({"name": "x"})).send().await.unwrap(), 403)
        .await;
}

#[tokio::test]
async fn an_object_is_written_read_replaced_and_deleted() {
    let server = TestServer::start().await;
    let person = server.person("dora", Role::Developer).await;
    let area = Area::new(&server, &person, json!({"name": "reports"})).await;
    let key = "2026/Überweisung \"7\".csv";
    let answer = area.put(key, b"one", &[("content-type", "text/csv; charset=utf-8")]).await;
    let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
    let object = read(answer, 200).await;
    assert_eq!(
        (&object["key"], &object["size"], &object["contentType"]),
        (&json!(key), &json!(3), &json!("text/csv"))
    );
    assert_eq!((&object["etag"], &object["writtenById"]), (&json!(tag), &json!(person.id)));
    let shown = read(area.send(Method::GET, "object", &[("key", key)], &[], Vec::new()).await, 200).await;
    assert_eq!(shown, object);
    let content = area.content(key, &[]).await;
    let header = |name: &str| content.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header("content-type"), header("content-length")), ("text/csv".into(), "3".into()));
    assert!(header("content-disposition").starts_with("attachment; filename=\"_berweisung _7_.csv\""));
    assert_eq!(
        (header("x-content-type-options"), header("accept-ranges")),
        ("nosniff".into(), "bytes".into())
    );
    assert_eq!(content.bytes().await.unwrap(), "one");
    assert_eq!(area.content(key, &[("if-none-match", &tag)]).await.status(), 304);
    let exists = problem(area.put(key, b"two", &[("if-none-match", "*")]).await, 412).await;
    assert_eq!(exists["code"], "object.exists");
    let wrong = format!("\"{}\"", "0".repeat(64));
    let changed = problem(area.put(key, b"two", &[("if-match", &wrong)]).await, 412).await;
    assert_eq!(changed["code"], "object.changed");
    problem(area.put(key, b"two", &[("if-match", "\"3\"")]).await, 422).await;
    read(area.put(key, b"twice", &[("if-match", &tag)]).await, 200).await;
    assert_eq!(area.content(key, &[]).await.bytes().await.unwrap(), "twice");
    problem(area.delete(key, &[("if-match", &tag)]).await, 412).await;
    assert_eq!(
        (&area.shown().await["usedBytes"], &area.shown().await["objectCount"]),
        (&json!(5), &json!(1))
    );
    assert_eq!(area.delete(key, &[]).await.status(), 204);
    assert_eq!(area.delete(key, &[]).await.status(), 204);
    assert_eq!(problem(area.content(key, &[]).await, 404).await["code"], "object.absent");
    assert_eq!(area.shown().await["objectCount"], 0);
    let admin = server.admin().await;
    for (action, count) in [("object.put", 2), ("object.delete", 1)] {
        let path = format!("/api/audit?action={action}");
        let list = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
        assert_eq!(list["items"].as_array().unwrap().len(), count, "{list}");
        assert_eq!(
            (&list["items"][0]["detail"]["key"], &list["items"][0]["objectId"]),
            (&json!(key), &json!(area.id))
        );
    }
}

#[tokio::test]
async fn a_part_is_read_and_a_page_is_never_served() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let area = Area::new(&server, &admin, json!({"name": "reports"})).await;
    let content: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    let tag = text(&read(area.put("a.bin", &content, &[]).await, 200).await["etag"]);
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=1000000-2500000", 1_000_000, 2_500_001),
        ("bytes=-5", 2_999_995, 3_000_000),
    ] {
        let part = area.content("a.bin", &[("range", range), ("if-range", &tag)]).await;
        assert_eq!(part.status(), 206);
        let told = part.headers()["content-range"].to_str().unwrap().to_owned();
        assert_eq!(told, format!("bytes {from}-{}/3000000", to - 1));
        assert!(part.bytes().await.unwrap() == content[from..to], "{range}");
    }
    let behind = area.content("a.bin", &[("range", "bytes=3000000-")]).await;
    assert_eq!(
        (behind.status().as_u16(), behind.headers()["content-range"].to_str().unwrap()),
        (416, "bytes */3000000")
    );
    for headers in
        [[("range", "bytes=0-1,5-6"), ("accept", "*/*")], [("range", "bytes=0-1"), ("if-range", "\"x\"")]]
    {
        assert_eq!(area.content("a.bin", &headers).await.bytes().await.unwrap().len(), 3_000_000);
    }
    for kind in ["text/html", "image/svg+xml", "application/javascript", "x\u{e4}/y"] {
        read(area.put("page.html", b"<script>alert(1)</script>", &[("content-type", kind)]).await, 200).await;
        let served = area.content("page.html", &[]).await;
        assert_eq!(served.headers()["content-type"], "application/octet-stream");
        assert!(served.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
        assert!(served.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    }
}

#[tokio::test]
async fn keys_that_are_no_plain_paths_are_refused_before_a_byte_is_kept() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let area = Area::new(&server, &admin, json!({"name": "reports"})).await;
    let long = "x".repeat(513);
    for key in ["", "/etc/passwd", "../x", "a/../../b", "a//b", "a/", "a\\b", "a\nb", "a\0b", " a", &long] {
        let refused = problem(area.put(key, b"x", &[]).await, 422).await;
        assert_eq!(refused["errors"][0]["field"], "key", "{refused}");
    }
    assert_eq!(
        problem(area.send(Method::GET, "objects", &[("prefix", "a\0")], &[], Vec::new()).await, 422).await["errors"]
            [0]["field"],
        "prefix"
    );
    problem(area.send(Method::GET, "object", &[("key", "a\0b")], &[], Vec::new()).await, 404).await;
    problem(area.send(Method::GET, "objects", &[("cursor", "!")], &[], Vec::new()).await, 422).await;
    assert!(!server.dir.path().join("blobs/buckets").exists(), "something was kept");
}

#[tokio::test]
async fn limits_hold() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let settings = json!({"name": "small", "maxBytes": 1_000, "maxObjects": 2, "maxObjectBytes": 900});
    let area = Area::new(&server, &admin, settings).await;
    assert_eq!(problem(area.put("a", &[0; 901], &[]).await, 413).await["code"], "object.too_large");
    // Without a length it shows on the way.
    let pieces = futures_util::stream::iter((0..10).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 100])));
    let request = server.client.put(area.url("object", &[("key", "a")])).bearer_auth(&admin.token);
    let sent = request.body(reqwest::Body::wrap_stream(pieces)).send().await.unwrap();
    assert_eq!(problem(sent, 413).await["code"], "object.too_large");
    read(area.put("a", &[0; 900], &[]).await, 200).await;
    assert_eq!(problem(area.put("b", &[0; 101], &[]).await, 413).await["code"], "bucket.full");
    read(area.put("b", &[0; 100], &[]).await, 200).await;
    read(area.put("a", &[0; 1], &[]).await, 200).await;
    assert_eq!(problem(area.put("c", b"", &[]).await, 413).await["code"], "bucket.full");
    assert_eq!(area.shown().await["usedBytes"], 101);
}

#[tokio::test]
async fn lists_are_by_key_in_pages_and_folded() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let area = Area::new(&server, &admin, json!({"name": "reports"})).await;
    for key in ["b", "a/2", "a/1/x", "a/1/y", "a", "c/1", "a.csv"] {
        read(area.put(key, key.as_bytes(), &[]).await, 200).await;
    }
    let all = area.list(&[]).await;
    assert_eq!(keys(&all), ["a", "a.csv", "a/1/x", "a/1/y", "a/2", "b", "c/1"]);
    assert_eq!((&all["prefixes"], &all["next"]), (&json!([]), &json!(null)));
    assert_eq!(keys(&area.list(&[("prefix", "a/")]).await), ["a/1/x", "a/1/y", "a/2"]);
    let folded = area.list(&[("delimiter", "/")]).await;
    assert_eq!((keys(&folded), &folded["prefixes"]), (vec!["a", "a.csv", "b"], &json!(["a/", "c/"])));
    let below = area.list(&[("delimiter", "/"), ("prefix", "a/")]).await;
    assert_eq!((keys(&below), &below["prefixes"]), (vec!["a/2"], &json!(["a/1/"])));
    for params in [vec![("limit", "1")], vec![("limit", "2"), ("delimiter", "/")]] {
        let (mut found, mut prefixes, mut cursor) = (Vec::new(), Vec::new(), None::<String>);
        loop {
            let mut asked = params.clone();
            asked.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page = area.list(&asked).await;
            found.extend(keys(&page).into_iter().map(str::to_owned));
            prefixes.extend(page["prefixes"].as_array().unwrap().iter().map(text));
            let Some(next) = page["next"].as_str() else { break };
            cursor = Some(next.to_owned());
        }
        if params.len() == 1 {
            assert_eq!((found.len(), prefixes.len()), (7, 0));
        } else {
            assert_eq!(
                (found, prefixes),
                (vec!["a".into(), "a.csv".into(), "b".into()], vec!["a/".into(), "c/".into()])
            );
        }
    }
}

#[tokio::test]
async fn an_object_is_copied_and_moved() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let area = Area::new(&server, &admin, json!({"name": "reports"})).await;
    read(area.put("a", b"one", &[("content-type", "text/csv")]).await, 200).await;
    read(area.put("b", b"other", &[]).await, 200).await;
    let transfer = async |how: &str, body: Value| {
        let path = format!("/api/buckets/{}/object/{how}", area.id);
        server.post(&path, &admin.token, &body).send().await.unwrap()
    };
    let copied = read(transfer("copy", json!({"from": "a", "to": "c/d"})).await, 200).await;
    assert_eq!(
        (&copied["key"], &copied["contentType"], &copied["size"]),
        (&json!("c/d"), &json!("text/csv"), &json!(3))
    );
    for how in ["copy", "move"] {
        assert_eq!(
            problem(transfer(how, json!({"from": "a", "to": "b"})).await, 412).await["code"],
            "object.exists"
        );
        problem(transfer(how, json!({"from": "none", "to": "x"})).await, 404).await;
        problem(transfer(how, json!({"from": "a", "to": "../x"})).await, 422).await;
    }
    read(transfer("move", json!({"from": "a", "to": "b", "overwrite": true})).await, 200).await;
    assert_eq!(keys(&area.list(&[]).await), ["b", "c/d"]);
    assert_eq!(area.content("b", &[]).await.bytes().await.unwrap(), "one");
    assert_eq!(
        (&area.shown().await["usedBytes"], &area.shown().await["objectCount"]),
        (&json!(6), &json!(2))
    );
}

#[tokio::test]
async fn a_viewer_reads_and_writes_nothing() {
    let server = TestServer::start().await;
    let (admin, viewer) = (server.admin().await, server.person("vera", Role::Viewer).await);
    let area = Area::new(&server, &admin, json!({"name": "reports"})).await;
    read(area.put("a", b"one", &[]).await, 200).await;
    let seen = Area { token: viewer.token, ..area };
    assert_eq!(seen.content("a", &[]).await.bytes().await.unwrap(), "one");
    problem(seen.put("a", b"two", &[]).await, 403).await;
    problem(seen.delete("a", &[]).await, 403).await;
}

#[tokio::test]
async fn what_nothing_names_is_collected_and_what_is_named_stays() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let area = Area::new(&server, &admin, json!({"name": "reports", "retentionDays": 1})).await;
    for content in [&b"one"[..], b"two"] {
        read(area.put("a", content, &[]).await, 200).await;
    }
    read(area.put("b", b"three", &[]).await, 200).await;
    assert_eq!(area.delete("b", &[]).await.status(), 204);
    let folder = server.dir.path().join("blobs/buckets").join(&area.id);
    let blobs = || std::fs::read_dir(&folder).map_or(0, Iterator::count);
    assert_eq!(blobs(), 3, "readers and backups have time");
    // As if they were written long ago.
    #[expect(clippy::disallowed_methods, reason = "the time of a file is the machine's")]
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(30 * 24 * 3_600);
    for entry in std::fs::read_dir(&folder).unwrap() {
        std::fs::File::open(entry.unwrap().path()).unwrap().set_modified(long_ago).unwrap();
    }
    BlobCollector::new(server.orchestrator.clone()).collect().await.unwrap();
    assert_eq!(blobs(), 1);
    assert_eq!(area.content("a", &[]).await.bytes().await.unwrap(), "two");
    assert_eq!(Pruner::new(server.orchestrator.clone()).expire_objects().await.unwrap(), 0);
}

#[tokio::test]
async fn an_agent_works_in_the_environment_of_its_lease_alone() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let area = Area::new(&server, &admin, json!({"name": "reports"})).await;
    let package = crate::files::deployed(&server, &admin).await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot-1").await;
    let (mut connection, _) = agent.connect(&server, vec![]).await;
    let file = crate::files::uploaded(&server, &admin, "a").await;
    read(crate::files::enqueue(&server, &admin, &package, json!({"invoice": file})).await, 201).await;
    let lease = connection.take().await.lease;
    let put = async |epoch: u32, params: &[(&str, &str)]| {
        let path =
            format!("{}/api/agents/{}/leases/{}/{epoch}/objects", server.url, agent.id, lease.execution);
        let url = reqwest::Url::parse_with_params(&path, params).unwrap();
        server.client.put(url).bearer_auth(&agent.token).body("by a run").send().await.unwrap()
    };
    let kept = read(put(lease.epoch, &[("bucket", "Reports"), ("key", "a/b")]).await, 200).await;
    assert_eq!((&kept["executionId"], &kept["writtenById"]), (&json!(lease.execution), &json!(null)));
    problem(put(lease.epoch, &[("bucket", "other"), ("key", "a")]).await, 404).await;
    problem(put(lease.epoch, &[("bucket", "reports"), ("key", "../a")]).await, 422).await;
    problem(put(lease.epoch + 1, &[("bucket", "reports"), ("key", "a")]).await, 409).await;
    assert_eq!(area.content("a/b", &[]).await.bytes().await.unwrap(), "by a run");
    let list =
        read(server.get("/api/audit?action=object.put", &admin.token).send().await.unwrap(), 200).await;
    let entry = &list["items"][0];
    assert_eq!(
        (&entry["actor"]["name"], &entry["detail"]["executionId"]),
        (&json!("bot-1"), &json!(lease.execution))
    );
    let path = format!(
        "/api/agents/{}/leases/{}/{}/objects/{}",
        agent.id,
        lease.execution,
        lease.epoch,
        text(&kept["id"])
    );
    assert_eq!(server.get(&path, &agent.token).send().await.unwrap().bytes().await.unwrap(), "by a run");
    let stranger = FakeAgent::enrol(&server, &admin.token, "bot-2").await;
    problem(server.get(&path, &stranger.token).send().await.unwrap(), 403).await;
    problem(server.get(&path, &admin.token).send().await.unwrap(), 401).await;
}
