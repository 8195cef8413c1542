//! A line to a server that a test can cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

enum Fate {
    Cut,
    End,
}

/// Passes connections on to a server, until it is cut or ended.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) address: SocketAddr,
    fate: mpsc::Sender<(Fate, mpsc::Sender<()>)>,
}

impl Line {
    pub(super) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (fate, mut fates) = mpsc::channel::<(Fate, mpsc::Sender<()>)>(1);
        tokio::spawn(async move {
            let mut passed = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let (mut near, _) = accepted.unwrap();
                        passed.spawn(async move {
                            let Ok(mut far) = TcpStream::connect(server).await else { return };
                            // An error is the end of one side, as the end is.
                            let _ = copy_bidirectional(&mut near, &mut far).await;
                        });
                    }
                    Some(_) = passed.join_next() => {}
                    fate = fates.recv() => {
                        passed.shutdown().await;
                        let Some((fate, done)) = fate else { return };
                        if matches!(fate, Fate::End) {
                            drop(listener);
                            let _ = done.send(()).await;
                            return;
                        }
                        let _ = done.send(()).await;
                    }
                }
            }
        });
        Self { address, fate }
    }

    async fn meets(&self, fate: Fate) {
        let (done, mut is_done) = mpsc::channel(1);
        if self.fate.send((fate, done)).await.is_ok() {
            is_done.recv().await;
        }
    }

    /// Cuts every connection; the next one gets through.
    pub(super) async fn cut(&self) {
        self.meets(Fate::Cut).await;
    }

    /// Cuts every connection and takes none any more.
    pub(super) async fn end(&self) {
        self.meets(Fate::End).await;
    }
}
