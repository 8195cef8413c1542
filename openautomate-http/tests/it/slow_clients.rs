//! Clients that take their time: they are dropped, and nobody waits for them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::{get, post};
use openautomate_core::orchestrator::Settings;
use openautomate_http::listen::{ListenOptions, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::server::{TestServer, read, text};

const BRIEF: ListenOptions = ListenOptions {
    patience: Duration::from_millis(500),
    idle: Duration::from_secs(2),
    stall: Duration::from_secs(1),
    connections: 1_000,
};

async fn listen(options: ListenOptions) -> (SocketAddr, CancellationToken) {
    let app = Router::new()
        .route("/", get(|| async { "here" }))
        .route("/large", get(|| async { vec![0_u8; 64 << 20] }))
        .route("/read", post(|body: axum::body::Bytes| async move { body.len().to_string() }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    tokio::spawn(serve(listener, app, None, options, stop.clone()));
    (address, stop)
}

/// How long it takes until the server has closed a connection.
async fn closed_after(mut connection: TcpStream) -> Duration {
    let begun = Instant::now();
    let mut read = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(10), connection.read_to_end(&mut read));
    // A reset is an end, too.
    let _ = end.await.expect("the server closes it");
    begun.elapsed()
}

async fn asks(address: SocketAddr) -> Duration {
    let begun = Instant::now();
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("here"), "{answer}");
    begun.elapsed()
}

#[tokio::test]
async fn silent_and_trickling_clients_are_dropped_and_hold_up_nobody() {
    let (address, _stop) = listen(BRIEF).await;
    let mut slow = Vec::new();
    for number in 0..100 {
        let mut connection = TcpStream::connect(address).await.unwrap();
        slow.push(tokio::spawn(async move {
            if number % 2 == 0 {
                return closed_after(connection).await;
            }
            // A byte of the head now and then.
            let begun = Instant::now();
            for byte in b"GET / HTTP/1.1\r\nx-slow: ".iter().chain([b'a'].iter().cycle()) {
                if connection.write_all(&[*byte]).await.is_err() || begun.elapsed() > Duration::from_secs(9) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            begun.elapsed()
        }));
    }
    for _ in 0..20 {
        let took = asks(address).await;
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
    for slow in slow {
        let lived = slow.await.unwrap();
        assert!(lived < Duration::from_secs(5), "{lived:?}");
    }
}

#[tokio::test]
async fn a_connection_waits_for_its_next_request_and_not_for_ever() {
    let (address, _stop) = listen(BRIEF).await;
    let mut connection = TcpStream::connect(address).await.unwrap();
    for _ in 0..2 {
        connection.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 1024];
        let read = connection.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200 "));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let lived = closed_after(connection).await;
    assert!(lived < Duration::from_secs(5), "{lived:?}");
}

#[tokio::test]
async fn who_takes_nothing_is_dropped() {
    let (address, _stop) = listen(BRIEF).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut connection = socket.connect(address).await.unwrap();
    connection.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    // Takes a byte a second, which opens no room in the window.
    let begun = Instant::now();
    for _ in 0..3 {
        let _ = connection.read(&mut [0; 1]).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(asks(address).await < Duration::from_secs(1));
    }
    let mut read = 0;
    let mut piece = vec![0; 1 << 20];
    while let Ok(more @ 1..) = connection.read(&mut piece).await {
        read += more;
    }
    assert!(read < 64 << 20, "the answer was not given to its end");
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn a_stop_lets_what_is_under_way_come_to_its_end() {
    let (address, stop) = listen(ListenOptions::default()).await;
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = b"POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nab";
    connection.write_all(head).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.cancel();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(TcpStream::connect(address).await.is_err(), "nobody new is let in");
    connection.write_all(b"cd").await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with('4'), "{answer}");
}

#[tokio::test]
async fn an_upload_that_trickles_is_given_up() {
    let hasty = |options: &mut openautomate_http::HttpOptions| {
        options.upload_grace = Duration::from_millis(500);
    };
    let server = TestServer::with(Settings::default(), hasty).await;
    let admin = server.admin().await;
    let package = serde_json::json!({"name": "p"});
    let made = read(server.post("/api/packages", &admin.token, &package).send().await.unwrap(), 201).await;
    let mut connection = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST /api/packages/{}/versions HTTP/1.1\r\nhost: x\r\ncontent-type: application/zip\r\n\
         authorization: Bearer {}\r\ncontent-length: 100000\r\n\r\n",
        text(&made["id"]),
        admin.token,
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let begun = Instant::now();
    let mut answer = [0; 64];
    let read = loop {
        connection.write_all(b"x").await.unwrap();
        match tokio::time::timeout(Duration::from_millis(100), connection.read(&mut answer)).await {
            Ok(read) => break read.unwrap(),
            Err(_) => assert!(begun.elapsed() < Duration::from_secs(5), "it is read for ever"),
        }
    };
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}
