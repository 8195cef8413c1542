//! What the shop embeds: an orchestrator on its store, the package that writes invoices, and an agent in this process.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use openautomate_agent::Agent;
use openautomate_core::Orchestrator;
use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::command::agent::RegisterAgent;
use openautomate_core::command::execution::EnqueueExecution;
use openautomate_core::command::identity::CreateFirstAdministrator;
use openautomate_core::command::package::{CreatePackage, PublishVersion};
use openautomate_core::id::PackageId;
use openautomate_core::package::archive::pack;
use openautomate_core::permission::Actor;
use openautomate_core::query::PageRequest;
use openautomate_core::runner::python::{IsolatedPython, install_runtime};
use openautomate_core::runner::registry::RunnerRegistry;
use openautomate_core::secret::Secret;
use openautomate_core::store::Store;
use openautomate_core::transport::in_process::InProcessTransport;
use openautomate_core::vault::Vault;
use tokio_util::sync::CancellationToken;

const PACKAGE: &str = "invoice";
const OWNER: &str = "shop";
const AGENT: &str = "this-process";

/// OpenAutomate, as the shop holds it.
#[derive(Clone, Debug)]
pub struct Automation {
    /// What executes commands.
    pub orchestrator: Orchestrator,
    /// In whose name the shop asks; the audit names it.
    pub owner: Actor,
    invoice: PackageId,
}

impl Automation {
    /// Puts it together in a folder of the shop's, and starts it. What was there before is used again.
    ///
    /// # Errors
    /// If the folder can't be written, or the store does not answer.
    pub async fn start(store: Arc<dyn Store>, folder: &Path, python: &Path) -> anyhow::Result<Self> {
        let blobs = Arc::new(ObjectBlobStore::local(folder.join("blobs"))?);
        let vault = Vault::open_or_create(&folder.join("vault.key"))?;
        let orchestrator = Orchestrator::builder(store, blobs, vault).build().await?;
        let owner = owner(&orchestrator).await?;
        let invoice = publish(&orchestrator, &owner).await?;
        orchestrator.start();
        let started = Self { orchestrator, owner, invoice };
        started.start_agent(folder, python).await?;
        Ok(started)
    }

    /// What the shop asks for with each order.
    pub fn invoice_of(&self, number: i64, customer: &str, cents: i64) -> EnqueueExecution {
        let mut command = EnqueueExecution::new(self.invoice);
        command.inputs.insert("number".to_owned(), number.into());
        command.inputs.insert("customer".to_owned(), customer.into());
        command.inputs.insert("cents".to_owned(), cents.into());
        command
    }

    async fn start_agent(&self, folder: &Path, python: &Path) -> anyhow::Result<()> {
        let known = self.orchestrator.store().agents(PageRequest::default()).await?;
        let agent = match known.items.into_iter().find(|agent| agent.name == AGENT) {
            Some(agent) => agent.id,
            None => {
                let register = RegisterAgent {
                    name: AGENT.to_owned(),
                    machine_name: "the machine of the shop".to_owned(),
                    ip_address: String::new(),
                    environment_id: None,
                    labels: Vec::new(),
                };
                self.orchestrator.execute(&self.owner, register).await?.id
            }
        };
        let transport = Arc::new(InProcessTransport::new(self.orchestrator.clone(), agent));
        let runner = IsolatedPython::new(python, install_runtime(folder, None)?);
        let agent = Agent::builder(transport, folder.join("agent"))
            .runners(RunnerRegistry::new().with(Arc::new(runner)))
            .build()
            .context("the agent can't be put together")?;
        tokio::spawn(async move { agent.run(CancellationToken::new()).await });
        Ok(())
    }
}

/// The account of the shop. Nobody knows its password, so nobody signs in with it.
async fn owner(orchestrator: &Orchestrator) -> anyhow::Result<Actor> {
    let known = orchestrator.store().user_by_login(OWNER).await?;
    if known.is_none() {
        let create = CreateFirstAdministrator {
            username: OWNER.to_owned(),
            email: format!("{OWNER}@localhost.localdomain"),
            password: Secret::new(format!("{}{}", uuid::Uuid::new_v4(), uuid::Uuid::new_v4())),
        };
        orchestrator.execute(&Actor::system(), create).await?;
    }
    let user = orchestrator.store().user_by_login(OWNER).await?.context("the shop's account is gone")?;
    Ok(orchestrator.person(&user, None).await?)
}

/// The package with the script that lies beside this program's source.
async fn publish(orchestrator: &Orchestrator, owner: &Actor) -> anyhow::Result<PackageId> {
    let known = orchestrator.store().packages(PageRequest::default()).await?;
    if let Some(package) = known.items.into_iter().find(|package| package.name == PACKAGE) {
        return Ok(package.id);
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("invoice");
    let create = CreatePackage { name: PACKAGE.to_owned(), description: "Writes an invoice".to_owned() };
    let package = orchestrator.execute(owner, create).await?;
    let publish = PublishVersion::new(package.id, pack(&source)?.into());
    orchestrator.execute(owner, publish).await?;
    Ok(package.id)
}
