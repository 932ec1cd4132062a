//! Brings a stack up and down. Up again starts what is missing and restarts what
//! was rebuilt or configured anew; the rest is left alone.

mod removal;

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File, TryLockError},
    path::PathBuf,
    time::{Duration, Instant},
};

use cyxwiz_chain::Chain;

use super::{
    chain,
    genesis::{self, Wallets},
    layout::{Binaries, Layout},
    leftovers, ports, postgres,
    process::{Program, Running},
    services,
    state::State,
};
use crate::{
    coordinator::Coordinator,
    error::{Error, Result},
    flow::journal::write_durably,
    printer::Printer,
    settings::ConfigFile,
};

/// A process that does not end when asked is killed after this long.
const STOP: Duration = Duration::from_secs(10);
const ONLINE_POLL: Duration = Duration::from_millis(100);

/// How a stack is made.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// What runs.
    pub binaries: Binaries,
    /// The chain to use, with the programs on it; absent for one of the stack's own.
    pub chain_url: Option<String>,
    /// How many nodes.
    pub nodes: u32,
    /// Whether the chain's clock can be moved.
    pub time_travel: bool,
    /// How long each process may take.
    pub start_timeout: Duration,
}

/// A stack that this process works on; others wait.
pub struct Stack {
    layout: Layout,
    state: State,
    printer: Printer,
    _lock: File,
}

/// What `up` did.
#[derive(Debug, Clone, Default)]
pub struct Upped {
    /// Processes that were started.
    pub started: Vec<String>,
    /// Seconds by part.
    pub seconds: BTreeMap<String, f64>,
}

impl Stack {
    /// Opens the stack at `layout`, made or not.
    ///
    /// # Errors
    /// [`Error::Usage`] while another process works on it.
    pub fn open(layout: Layout, printer: Printer) -> Result<Self> {
        layout.create()?;
        let path = layout.root().join("lock");
        let lock = File::create(&path).map_err(Error::file("lock", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let dir = layout.root().display();
                return Err(Error::Usage(format!(
                    "another cyxwiz process works on the stack in {dir}"
                )));
            }
            Err(TryLockError::Error(error)) => return Err(Error::file("lock", path)(error)),
        }
        Ok(Self {
            state: State::read(&layout)?,
            layout,
            printer,
            _lock: lock,
        })
    }

    /// What runs and where.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Where everything is.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Whether any process of the stack runs.
    pub fn is_running(&self) -> bool {
        self.state.processes.iter().any(Running::is_alive)
    }

    /// Starts what is missing and waits until the nodes are online.
    ///
    /// # Errors
    /// [`Error::Process`] with the end of the log of what does not start.
    pub async fn up(&mut self, options: &StackOptions) -> Result<Upped> {
        let mut upped = Upped::default();
        let wallets = Wallets::prepare(&self.layout, options.nodes)?;
        let limit = options.start_timeout;

        let clock = Instant::now();
        let ledger = match &options.chain_url {
            Some(url) => Ledger::Given(url),
            None => Ledger::Own(self.start_chain(options, &wallets, &mut upped).await?),
        };
        // It starts while the chain does.
        let database = self.start_database(&mut upped).await?;
        let urls = match &ledger {
            Ledger::Own(localnet) => chain::wait(&self.layout, localnet, limit).await?,
            Ledger::Given(url) => chain::given(url, &wallets).await?,
        };
        self.state.rpc_url = Some(urls.rpc_url.clone());
        self.state.ws_url = Some(urls.ws_url);
        self.save()?;
        upped.took("chain", clock);

        let clock = Instant::now();
        let chain = Chain::new(&urls.rpc_url);
        self.state.mint = Some(genesis::establish(&chain, &wallets).await?);
        self.save()?;
        upped.took("genesis", clock);

        let clock = Instant::now();
        let database_url = match database {
            Database::Given(url) => url,
            Database::Private(cluster, running, port) => {
                cluster.wait(&running, port, limit).await?;
                cluster.url(port)
            }
        };
        upped.took("database", clock);

        let clock = Instant::now();
        let binaries = &options.binaries;
        let program = services::coordinator(
            &self.layout,
            binaries,
            &self.state,
            &urls.rpc_url,
            &database_url,
        )?;
        let running = self
            .ensure(&program, services::COORDINATOR, &mut upped)
            .await?;
        let listening = services::coordinator_ports(&self.layout, &running, limit).await?;
        let grpc = listening.grpc_url();
        self.state.coordinator = Some(grpc.clone());
        self.state.coordinator_http = Some(listening.http_url());
        self.save()?;
        upped.took("coordinator", clock);

        let clock = Instant::now();
        let mut nodes = Vec::new();
        for number in 1..=options.nodes {
            let program = services::node(&self.layout, binaries, number, &urls.rpc_url, &grpc)?;
            nodes.push(
                self.ensure(&program, &services::node_name(number), &mut upped)
                    .await?,
            );
        }
        self.await_nodes(&wallets, &nodes, &grpc, limit).await?;
        upped.took("nodes", clock);
        self.write_settings(&urls.rpc_url, &grpc)?;
        Ok(upped)
    }

    /// Stops everything and makes sure that nothing is left.
    ///
    /// # Errors
    /// [`Error::File`].
    pub async fn down(&mut self) -> Result<usize> {
        // Settings that lead nowhere would only mislead.
        for file in [self.layout.config_file(), self.layout.env_file()] {
            let _ = fs::remove_file(file);
        }
        let mut stopped = 0;
        // Nodes first and together, then what they lean on, newest first.
        let (nodes, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.state.processes)
            .into_iter()
            .filter(Running::is_alive)
            .partition(|process| process.name.starts_with("node-"));
        stopped += nodes.len() + others.len();
        futures::future::join_all(nodes.iter().map(|node| node.stop(STOP))).await;
        for process in others.iter().rev() {
            process.stop(STOP).await;
        }
        let killed = leftovers::clear(self.layout.root(), Duration::from_secs(2)).await;
        if killed > 0 {
            self.printer
                .warn(format_args!("{killed} leftover processes were killed"));
        }
        self.save()?;
        Ok(stopped)
    }

    fn runs(&self, name: &str) -> bool {
        self.state.process(name).is_some_and(Running::is_alive)
    }

    async fn start_chain(
        &mut self,
        options: &StackOptions,
        wallets: &Wallets,
        upped: &mut Upped,
    ) -> Result<Running> {
        let admin = wallets.admin.address();
        let earlier = self.state.rpc_url.as_deref();
        let program = chain::program(
            &self.layout,
            &options.binaries,
            admin,
            earlier,
            self.runs(chain::NAME),
            options.time_travel,
        )?;
        self.ensure(&program, chain::NAME, upped).await
    }

    async fn start_database(&mut self, upped: &mut Upped) -> Result<Database> {
        if let Some(url) = env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()) {
            return Ok(Database::Given(url));
        }
        let cluster = postgres::Cluster::prepare(&self.layout)?;
        let port = match self.state.postgres_port {
            Some(port) if self.runs(postgres::NAME) => port,
            earlier => ports::free(earlier, 1)?,
        };
        self.state.postgres_port = Some(port);
        self.state.postgres_data = Some(cluster.data().to_owned());
        let running = self
            .ensure(&cluster.program(port), postgres::NAME, upped)
            .await?;
        Ok(Database::Private(Box::new(cluster), running, port))
    }

    /// The running process of this name if it is the same program; else a new one.
    async fn ensure(
        &mut self,
        program: &Program,
        name: &str,
        upped: &mut Upped,
    ) -> Result<Running> {
        if let Some(known) = self
            .state
            .process(name)
            .filter(|process| process.is_alive())
        {
            if known.fingerprint == program.fingerprint() {
                return Ok(known.clone());
            }
            self.printer
                .note(format_args!("{name} has changed: it is started again"));
            known.clone().stop(STOP).await;
        }
        // Nobody may take the file of an earlier process for the new one's.
        let _ = fs::remove_file(self.layout.port_file(name));
        let running = program.start(&self.layout)?;
        self.state.note(running.clone());
        self.save()?;
        upped.started.push(name.to_owned());
        Ok(running)
    }

    async fn await_nodes(
        &self,
        wallets: &Wallets,
        nodes: &[Running],
        grpc: &str,
        limit: Duration,
    ) -> Result<()> {
        for node in nodes {
            let path = self.layout.port_file(&node.name);
            node.port_file::<serde_json::Value>(&path, limit).await?;
        }
        let coordinator = Coordinator::new(grpc, wallets.user.clone())?;
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            let online = coordinator.nodes().await?;
            let is_online = |owner: &[u8]| {
                online
                    .iter()
                    .any(|node| node.owner == owner && node.status != "offline")
            };
            let missing = wallets
                .nodes
                .iter()
                .zip(nodes)
                .find(|(wallet, _)| !is_online(&wallet.address().to_vec()));
            let Some((_, process)) = missing else {
                return Ok(());
            };
            if let Some(ended) = nodes.iter().find(|node| !node.is_alive()) {
                return Err(ended.failed("ended before it was online"));
            }
            if tokio::time::Instant::now() >= deadline {
                let waited = limit.as_secs();
                return Err(process.failed(&format!("was not online after {waited} s")));
            }
            tokio::time::sleep(ONLINE_POLL).await;
        }
    }

    /// Lets later commands find the stack.
    fn write_settings(&self, rpc_url: &str, grpc: &str) -> Result<()> {
        let config = ConfigFile {
            rpc_url: Some(rpc_url.to_owned()),
            coordinator: Some(grpc.to_owned()),
            wallet: Some("wallets/user.json".into()),
            data_dir: Some("user".into()),
        };
        let path = self.layout.config_file();
        let text = toml::to_string(&config)
            .map_err(|error| Error::content("configuration", &path, error))?;
        write_durably(&path, text.as_bytes())?;
        let wallet = self.layout.wallet("user");
        let variables: [(&str, PathBuf); 4] = [
            ("CYXWIZ_RPC_URL", rpc_url.into()),
            ("CYXWIZ_COORDINATOR", grpc.into()),
            ("CYXWIZ_WALLET", wallet),
            ("CYXWIZ_DATA_DIR", self.layout.user_data()),
        ];
        let lines: Vec<String> = variables
            .iter()
            .map(|(name, value)| {
                let quoted = value.display().to_string().replace('\'', r"'\''");
                format!("export {name}='{quoted}'\n")
            })
            .collect();
        write_durably(&self.layout.env_file(), lines.concat().as_bytes())
    }

    fn save(&self) -> Result<()> {
        self.state.save(&self.layout)
    }
}

/// Which chain the stack is on.
enum Ledger<'a> {
    /// Ours.
    Own(Running),
    /// One that runs already, at this address.
    Given(&'a str),
}

/// Where the coordinator keeps its rows.
enum Database {
    /// `DATABASE_URL`.
    Given(String),
    /// Ours.
    Private(Box<postgres::Cluster>, Running, u16),
}

impl Upped {
    fn took(&mut self, part: &str, since: Instant) {
        self.seconds
            .insert(part.to_owned(), since.elapsed().as_secs_f64());
    }
}
