//! The service over real connections. Its chain is a port where nobody listens.

use std::sync::OnceLock;

use chrono::Utc;
use cyxwiz_coordinator::{error::CODE_KEY, server::Server, settings::Settings};
use cyxwiz_domain::Address;
use cyxwiz_pki::{
    Wallet,
    challenge::is_sign_in_for,
    token::{Purpose, SessionClaims, TokenSigner},
};
use cyxwiz_proto::{
    auth::v1::{ChallengeRequest, SignInRequest, auth_service_client::AuthServiceClient},
    job::v1::{GetJobRequest, ListJobsRequest, job_service_client::JobServiceClient},
    node::v1::{RegisterRequest, node_service_client::NodeServiceClient},
};
use cyxwiz_telemetry::PrometheusHandle;
use tonic::{Code, Request, Status, transport::Channel};

use crate::fixture::Database;

struct Service {
    server: Server,
    coordinator: Wallet,
    channel: Channel,
    _dir: tempfile::TempDir,
    _database: Database,
}

pub fn prometheus() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| cyxwiz_telemetry::init_metrics().expect("metrics"))
        .clone()
}

impl Service {
    async fn start() -> Self {
        let database = Database::empty().await;
        let dir = tempfile::tempdir().expect("tempdir");
        let coordinator = Wallet::generate();
        let mut settings = Settings::default();
        settings.wallet.path = dir.path().join("coordinator.json");
        coordinator
            .write_new(&settings.wallet.path)
            .expect("wallet");
        settings.database = database.settings.clone();
        settings.server.grpc_listen.set_port(0);
        settings.server.http_listen.set_port(0);
        // Nothing listens on the discard port, and connecting fails at once.
        settings.chain.rpc_url = "http://127.0.0.1:9".into();
        let server = Server::start(settings, prometheus()).await.expect("start");
        let channel = Channel::from_shared(format!("http://{}", server.grpc)).expect("URI");
        let channel = channel.connect().await.expect("connect");
        Self {
            server,
            coordinator,
            channel,
            _dir: dir,
            _database: database,
        }
    }

    /// Asks for a challenge, has `signer` sign it for `wallet`, and answers it.
    async fn sign_in(&self, wallet: Address, signer: &Wallet) -> Result<String, Status> {
        let request = self.answer(wallet, signer).await;
        let mut auth = AuthServiceClient::new(self.channel.clone());
        let answer = auth.sign_in(request).await?;
        Ok(answer.into_inner().session_token)
    }

    async fn answer(&self, wallet: Address, signer: &Wallet) -> SignInRequest {
        let mut auth = AuthServiceClient::new(self.channel.clone());
        let request = ChallengeRequest {
            wallet: wallet.to_vec(),
        };
        let challenge = auth
            .challenge(request)
            .await
            .expect("a challenge")
            .into_inner();
        assert!(is_sign_in_for(&challenge.message, wallet));
        SignInRequest {
            challenge_id: challenge.challenge_id,
            wallet: wallet.to_vec(),
            signature: signer.sign(&challenge.message).to_vec(),
        }
    }

    async fn list_jobs(&self, token: Option<&str>) -> Result<usize, Status> {
        let mut request = Request::new(ListJobsRequest::default());
        if let Some(token) = token {
            let header = format!("Bearer {token}").parse().expect("a header");
            request.metadata_mut().insert("authorization", header);
        }
        let answer = JobServiceClient::new(self.channel.clone())
            .list_jobs(request)
            .await?;
        Ok(answer.into_inner().jobs.len())
    }

    async fn get(&self, path: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(self.server.http)
            .await
            .expect("connect");
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("send");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("receive");
        answer
    }
}

#[track_caller]
pub fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, Status>, code: Code, name: &str) {
    let status = outcome.expect_err("should be refused");
    let told = status
        .metadata()
        .get(CODE_KEY)
        .and_then(|name| name.to_str().ok());
    assert_eq!(
        (status.code(), told),
        (code, Some(name)),
        "{}",
        status.message()
    );
}

#[tokio::test]
async fn a_wallet_signs_in_and_nobody_else_in_its_name() {
    let service = Service::start().await;
    let (wallet, other) = (Wallet::generate(), Wallet::generate());
    let token = service
        .sign_in(wallet.address(), &wallet)
        .await
        .expect("signs in");
    assert_eq!(service.list_jobs(Some(&token)).await.expect("lists"), 0);

    let forged = service.sign_in(wallet.address(), &other).await;
    assert_refused(forged, Code::Unauthenticated, "signature_invalid");

    // The same answer again.
    let answer = service.answer(wallet.address(), &wallet).await;
    let mut auth = AuthServiceClient::new(service.channel.clone());
    auth.sign_in(answer.clone()).await.expect("signs in");
    assert_refused(
        auth.sign_in(answer).await,
        Code::Unauthenticated,
        "challenge_unknown",
    );
    service.server.stop().await;
}

#[tokio::test]
async fn only_a_session_of_this_coordinator_counts() {
    let service = Service::start().await;
    let now = Utc::now().timestamp();
    let claims = SessionClaims {
        iss: Purpose::Session.issuer(service.coordinator.address()),
        aud: "cyxwiz".into(),
        sub: Address([1; 32]),
        exp: now + 60,
        iat: now,
    };
    let signer = TokenSigner::new(&service.coordinator);
    service
        .list_jobs(Some(&signer.sign(&claims)))
        .await
        .expect("the right one");

    assert_refused(
        service.list_jobs(None).await,
        Code::Unauthenticated,
        "sign_in_required",
    );
    let refused = [
        (
            SessionClaims {
                exp: now - 60,
                ..claims.clone()
            },
            "session_expired",
        ),
        (
            SessionClaims {
                aud: "other".into(),
                ..claims.clone()
            },
            "session_invalid",
        ),
        (
            SessionClaims {
                iss: Purpose::Job.issuer(service.coordinator.address()),
                ..claims.clone()
            },
            "session_invalid",
        ),
    ];
    for (claims, name) in refused {
        let token = signer.sign(&claims);
        assert_refused(
            service.list_jobs(Some(&token)).await,
            Code::Unauthenticated,
            name,
        );
    }
    let forged = TokenSigner::new(&Wallet::generate()).sign(&claims);
    let outcome = service.list_jobs(Some(&forged)).await;
    assert_refused(outcome, Code::Unauthenticated, "session_invalid");
    service.server.stop().await;
}

#[tokio::test]
async fn bad_ids_unknown_jobs_and_a_missing_chain_are_told_apart() {
    let service = Service::start().await;
    let wallet = Wallet::generate();
    let token = service
        .sign_in(wallet.address(), &wallet)
        .await
        .expect("signs in");
    let header: tonic::metadata::AsciiMetadataValue =
        format!("Bearer {token}").parse().expect("a header");
    let get = async |job_id: Vec<u8>| {
        let mut request = Request::new(GetJobRequest { job_id });
        request
            .metadata_mut()
            .insert("authorization", header.clone());
        JobServiceClient::new(service.channel.clone())
            .get_job(request)
            .await
    };
    assert_refused(get(vec![1; 15]).await, Code::InvalidArgument, "id_invalid");
    assert_refused(get(vec![1; 16]).await, Code::NotFound, "job_unknown");

    let mut request = Request::new(RegisterRequest::default());
    request
        .metadata_mut()
        .insert("authorization", header.clone());
    let outcome = NodeServiceClient::new(service.channel.clone())
        .register(request)
        .await;
    assert_refused(outcome, Code::Unavailable, "chain_unavailable");
    service.server.stop().await;
}

#[tokio::test]
async fn the_pages_tell_health_keys_and_metrics() {
    let service = Service::start().await;
    assert!(service.get("/healthz").await.starts_with("HTTP/1.1 200"));
    let ready = service.get("/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 503"), "no chain: {ready}");
    assert!(ready.contains(r#""database":"ok""#), "{ready}");
    let keys = service.get("/.well-known/jwks.json").await;
    assert!(
        keys.contains(&service.coordinator.address().to_string()),
        "{keys}"
    );
    let _ = service.list_jobs(None).await;
    let metrics = service.get("/metrics").await;
    assert!(
        metrics.contains(r#"cyxwiz_jobs{state="paid"} 0"#),
        "{metrics}"
    );
    assert!(
        metrics.contains(r#"cyxwiz_transcripts{stage="verified"} 0"#),
        "{metrics}"
    );
    assert!(metrics.contains("cyxwiz_jobs_handed_back 0"), "{metrics}");
    assert!(
        metrics.contains("/cyxwiz.job.v1.JobService/ListJobs"),
        "{metrics}"
    );
    service.server.stop().await;
}
