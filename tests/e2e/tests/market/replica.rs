//! A second coordinator on the same database, behind TLS.

use cyxwiz_pki::Certificate;
use cyxwiz_tests_e2e::{JobFile, Stack, eventually};

#[test]
fn a_replica_behind_tls_serves_the_same_market() {
    let stack = Stack::up();
    let tls = stack.dir().join("replica-tls");
    Certificate::read_or_create(&tls).expect("a certificate");
    let ports = stack.dir().join("run/replica.json");
    let file = |name: &str| tls.join(name).display().to_string();
    let _replica = stack.serve(
        "cyxwiz-coordinator",
        &[
            "--config",
            &stack
                .dir()
                .join("run/coordinator.toml")
                .display()
                .to_string(),
            "--grpc-listen",
            "127.0.0.1:0",
            "--http-listen",
            "127.0.0.1:0",
            "--port-file",
            &ports.display().to_string(),
        ],
        &[
            (
                "CYXWIZ_COORDINATOR__SERVER__TLS__CERTIFICATE",
                &file("cert.pem"),
            ),
            ("CYXWIZ_COORDINATOR__SERVER__TLS__KEY", &file("key.pem")),
        ],
    );
    let grpc = eventually("the replica", || {
        let text = std::fs::read_to_string(&ports).ok()?;
        let ports: serde_json::Value = serde_json::from_str(&text).ok()?;
        Some(ports["grpc"].as_str()?.to_owned())
    });
    let (_, port) = grpc.rsplit_once(':').expect("host:port");
    let url = format!("https://localhost:{port}");

    // The nodes speak to the first coordinator; the second hears of them from Postgres.
    let job = JobFile::digits()
        .epochs(3)
        .replace("checkpoint_every = 5", "checkpoint_every = 3");
    let job = job.write(stack.dir());
    let args = [
        "--coordinator",
        &url,
        "job",
        "run",
        job.to_str().expect("UTF-8"),
    ];
    let result = stack.cyxwiz_with(&args, &[("SSL_CERT_FILE", &file("cert.pem"))]);
    assert_eq!(result.json()["balances"]["conserved"], true);

    let untrusted = stack.cyxwiz_with(&args, &[("SSL_CERT_FILE", "/dev/null")]);
    assert_eq!(untrusted.code, 4, "{}", untrusted.stderr);
}
