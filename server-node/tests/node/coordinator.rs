//! The line to the coordinator, against one that does just enough.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use cyxwiz_domain::Address;
use cyxwiz_pki::{challenge::Challenge, wallet};
use cyxwiz_proto::{
    auth::v1::{
        ChallengeRequest, ChallengeResponse, SignInRequest, SignInResponse,
        auth_service_server::{AuthService, AuthServiceServer},
    },
    node::v1::{
        Assignment, HeartbeatRequest, HeartbeatResponse, RegisterRequest, RegisterResponse,
        ReportCompletionRequest, ReportCompletionResponse, ReportProgressRequest,
        ReportProgressResponse,
        node_service_server::{NodeService, NodeServiceServer},
    },
};
use futures::{StreamExt as _, stream::BoxStream};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, Streaming, transport::Server};

use crate::{
    engine::{Engine, chunks},
    stand::{Setup, Stand, until},
};

const TOKEN: &str = "Bearer the-session";

/// What the coordinator has seen, and what it says.
#[derive(Default)]
pub struct Seen {
    /// Says a message that is no sign-in.
    treacherous: bool,
    signed_in: u32,
    pub lines: u32,
    held: Vec<Vec<u8>>,
    epochs: Vec<u32>,
    /// Heads of the transcript, the first epoch's first.
    pub heads: Vec<Vec<u8>>,
    pub completed: Vec<String>,
    assignment: Option<Assignment>,
}

#[derive(Clone, Default)]
pub struct Coordinator(Arc<Mutex<Seen>>);

impl Coordinator {
    pub fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.0.lock().expect("no panic while held"))
    }

    /// Serves on `address` until the server is dropped.
    fn serve(&self, address: SocketAddr) -> Serving {
        // A runtime of its own: with it, open connections die too.
        let runtime = Runtime::new().expect("runtime");
        let inside = runtime.enter();
        let listener = std::net::TcpListener::bind(address).expect("bind");
        listener.set_nonblocking(true).expect("nonblocking");
        let listener = TcpListener::from_std(listener).expect("listener");
        let address = listener.local_addr().expect("address");
        let server = Server::builder()
            .add_service(AuthServiceServer::new(self.clone()))
            .add_service(NodeServiceServer::new(self.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        runtime.spawn(async move { server.await.expect("serve") });
        drop(inside);
        Serving {
            address,
            runtime: Some(runtime),
        }
    }

    /// Serves where another has just ended.
    pub async fn serve_again(&self, address: SocketAddr) -> Serving {
        // The old connections may hold the port for a moment.
        until("the port", || std::net::TcpListener::bind(address).is_ok()).await;
        self.serve(address)
    }
}

/// A coordinator at work; dead when dropped.
pub struct Serving {
    pub address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn challenge(wallet: &[u8]) -> Challenge {
    Challenge {
        audience: "cyxwiz".to_owned(),
        wallet: Address::from_slice(wallet).expect("32 bytes"),
        nonce: [5; 16],
        expires_at: i64::MAX,
    }
}

fn check<T>(request: &Request<T>) -> Result<(), Status> {
    match request.metadata().get("authorization") {
        Some(token) if token == TOKEN => Ok(()),
        _ => Err(Status::unauthenticated("sign in")),
    }
}

#[tonic::async_trait]
impl AuthService for Coordinator {
    async fn challenge(
        &self,
        request: Request<ChallengeRequest>,
    ) -> Result<Response<ChallengeResponse>, Status> {
        let mut message = challenge(&request.get_ref().wallet).message();
        if self.seen(|seen| seen.treacherous) {
            message = b"a transaction that empties the wallet".to_vec();
        }
        Ok(Response::new(ChallengeResponse {
            challenge_id: vec![1; 16],
            message,
            expires_at: i64::MAX,
        }))
    }

    async fn sign_in(
        &self,
        request: Request<SignInRequest>,
    ) -> Result<Response<SignInResponse>, Status> {
        let request = request.into_inner();
        let challenge = challenge(&request.wallet);
        if !wallet::verify(challenge.wallet, &challenge.message(), &request.signature) {
            return Err(Status::unauthenticated("bad signature"));
        }
        self.seen(|seen| seen.signed_in += 1);
        Ok(Response::new(SignInResponse {
            session_token: TOKEN.trim_start_matches("Bearer ").to_owned(),
            expires_at: i64::MAX,
        }))
    }
}

#[tonic::async_trait]
impl NodeService for Coordinator {
    type HeartbeatStream = BoxStream<'static, Result<HeartbeatResponse, Status>>;

    async fn register(
        &self,
        request: Request<RegisterRequest>,
    ) -> Result<Response<RegisterResponse>, Status> {
        check(&request)?;
        Ok(Response::new(RegisterResponse {
            heartbeat_seconds: 1,
        }))
    }

    async fn heartbeat(
        &self,
        request: Request<Streaming<HeartbeatRequest>>,
    ) -> Result<Response<Self::HeartbeatStream>, Status> {
        check(&request)?;
        self.seen(|seen| seen.lines += 1);
        let this = self.clone();
        let answers = request.into_inner().map(move |beat| {
            let beat = beat?;
            this.seen(|seen| seen.held = beat.job_ids);
            let assignments = this.seen(|seen| seen.assignment.clone());
            Ok(HeartbeatResponse {
                assignments: assignments.into_iter().collect(),
            })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn report_progress(
        &self,
        request: Request<ReportProgressRequest>,
    ) -> Result<Response<ReportProgressResponse>, Status> {
        check(&request)?;
        let report = request.into_inner();
        let heads_held = self.seen(|seen| {
            seen.epochs.push(report.epochs_done);
            for (epoch, head) in (report.heads_from as usize..).zip(report.heads) {
                match epoch {
                    0 => {}
                    epoch if epoch <= seen.heads.len() => assert_eq!(seen.heads[epoch - 1], head),
                    epoch if epoch == seen.heads.len() + 1 => seen.heads.push(head),
                    _ => break,
                }
            }
            seen.heads.len() as u32
        });
        Ok(Response::new(ReportProgressResponse { heads_held }))
    }

    async fn report_completion(
        &self,
        request: Request<ReportCompletionRequest>,
    ) -> Result<Response<ReportCompletionResponse>, Status> {
        check(&request)?;
        let signature = request.into_inner().signature;
        self.seen(|seen| seen.completed.push(signature));
        Ok(Response::new(ReportCompletionResponse {}))
    }
}

pub async fn stand_with(coordinator: &Coordinator) -> (Stand, Serving) {
    let setup = Setup {
        receipt_lag: 100,
        ..Setup::default()
    };
    stand_of(coordinator, setup).await
}

pub async fn stand_of(coordinator: &Coordinator, setup: Setup) -> (Stand, Serving) {
    let serving = coordinator.serve(SocketAddr::from(([127, 0, 0, 1], 0)));
    let stand = Stand::unassigned(Setup {
        coordinator: Some(format!("http://{}", serving.address)),
        ..setup
    })
    .await;
    (stand, serving)
}

#[tokio::test]
async fn an_assignment_comes_down_the_line_and_news_go_up() {
    let coordinator = Coordinator::default();
    let (stand, _serving) = stand_with(&coordinator).await;
    until("a line", || coordinator.seen(|seen| seen.lines == 1)).await;
    assert_eq!(coordinator.seen(|seen| seen.signed_in), 1);
    coordinator.seen(|seen| seen.assignment = Some(stand.assignment()));
    let id = stand.job_id.to_vec();
    until("the job in a heartbeat", || {
        coordinator.seen(|seen| seen.held == [id.clone()])
    })
    .await;

    let (mut engine, _) = Engine::open(&stand).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    until("the completion", || {
        coordinator.seen(|seen| !seen.completed.is_empty())
    })
    .await;
    let (epochs, completed) =
        coordinator.seen(|seen| (seen.epochs.clone(), seen.completed.clone()));
    let mut sorted = epochs;
    sorted.sort_unstable();
    assert_eq!(sorted, [1, 2, 3, 4]);
    assert!(completed[0].starts_with("signature-"), "{completed:?}");
}

#[tokio::test]
async fn a_lost_line_is_taken_up_again() {
    let coordinator = Coordinator::default();
    let (_stand, serving) = stand_with(&coordinator).await;
    until("a line", || coordinator.seen(|seen| seen.lines == 1)).await;
    let address = serving.address;
    drop(serving);
    let _again = coordinator.serve_again(address).await;
    until("another line", || coordinator.seen(|seen| seen.lines >= 2)).await;
    assert!(coordinator.seen(|seen| seen.signed_in) >= 2);
}

#[tokio::test]
async fn nothing_but_a_sign_in_is_signed() {
    let coordinator = Coordinator::default();
    coordinator.seen(|seen| seen.treacherous = true);
    let (_stand, _serving) = stand_with(&coordinator).await;
    tokio::time::timeout(
        Duration::from_secs(2),
        until("a sign-in", || coordinator.seen(|seen| seen.signed_in > 0)),
    )
    .await
    .expect_err("the node signed it");
}
