//! The pinned channel over real sockets.

use cyxwiz_domain::Digest;
use cyxwiz_pki::{
    Certificate, tls,
    transport::{self, ConnectError},
};
use tokio::net::TcpListener;
use tokio_stream::StreamExt as _;

async fn node(certificate: &Certificate) -> (String, tokio::task::JoinHandle<Option<Digest>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let endpoint = listener.local_addr().expect("address").to_string();
    let config = tls::server_config(certificate).expect("config");
    let mut incoming = transport::incoming(listener, config);
    let seen = tokio::spawn(async move {
        use tonic::transport::server::Connected as _;
        let connection = incoming.next().await?.ok()?;
        Some(connection.connect_info().fingerprint)
    });
    (endpoint, seen)
}

#[tokio::test]
async fn each_side_sees_the_others_certificate() {
    let (node_cert, engine_cert) = (
        Certificate::generate().expect("cert"),
        Certificate::generate().expect("cert"),
    );
    let (endpoint, seen) = node(&node_cert).await;
    transport::connect(&endpoint, &engine_cert, node_cert.fingerprint())
        .await
        .expect("connect");
    assert_eq!(seen.await.expect("join"), Some(engine_cert.fingerprint()));
}

#[tokio::test]
async fn a_node_with_another_certificate_is_refused() {
    let node_cert = Certificate::generate().expect("cert");
    let engine_cert = Certificate::generate().expect("cert");
    let (endpoint, _seen) = node(&node_cert).await;
    let error = transport::connect(&endpoint, &engine_cert, engine_cert.fingerprint())
        .await
        .expect_err("must refuse");
    assert!(
        error.to_string().contains("is not the registered one"),
        "{error}"
    );
}

#[tokio::test]
async fn an_endpoint_without_a_port_is_refused() {
    let cert = Certificate::generate().expect("cert");
    assert!(matches!(
        transport::connect("localhost", &cert, cert.fingerprint()).await,
        Err(ConnectError::Endpoint(_))
    ));
}
