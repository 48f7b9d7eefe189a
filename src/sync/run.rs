//! Carries out a plan.

use std::{collections::HashSet, mem};

use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;

use super::{
    DirSync,
    action::{Action, Planned},
    delete::{self, Held},
    error::SyncError,
    events::{Emitter, Report, SyncEvent, SyncEvents, Work},
    journal::Entry,
    listing::Listing,
    plan::Plan,
    walk::is_absent,
};
use crate::{id::AssetId, upload::batch::CONCURRENCY};

impl DirSync {
    /// Makes a plan and carries it out.
    ///
    /// # Errors
    ///
    /// As [`plan`](Self::plan) and [`Plan::send`].
    pub async fn send(self) -> Result<Report, SyncError> {
        self.plan().await?.send().await
    }
}

impl Plan {
    /// Carries out the plan as a stream of events. The last item is
    /// [`SyncEvent::Finished`] or an error.
    ///
    /// The work continues only while the stream is polled. Dropping the stream stops it, and writes
    /// the lock file.
    ///
    /// Files that fail for a transient reason are retried after the others, up to the attempts of
    /// the client's [`RetryPolicy`](crate::RetryPolicy). So is a create call that may have arrived,
    /// as Webflow finds the asset by its content.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use futures_util::TryStreamExt;
    /// use webflow_assets::{Client, Token, sandbox::Sandbox, sync::SyncEvent};
    ///
    /// let sandbox = Sandbox::start().await?;
    /// let token = Token::new(sandbox.token())?;
    /// let client = Client::builder().token(token).base_url(sandbox.base_url()).build()?;
    /// let dir = tempfile::tempdir()?;
    /// std::fs::write(dir.path().join("a.txt"), "a")?;
    ///
    /// let plan = client.sync(sandbox.site_id(), dir.path()).plan().await?;
    /// let mut uploaded = Vec::new();
    /// let mut events = plan.stream();
    /// while let Some(event) = events.try_next().await? {
    ///     if let SyncEvent::Uploaded { path, .. } = event {
    ///         uploaded.push(path);
    ///     }
    /// }
    /// assert_eq!(uploaded, ["a.txt"]);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sandbox"))]
    /// # fn main() {}
    /// ```
    pub fn stream(self) -> SyncEvents {
        SyncEvents(Work::new(|events| run(self, events)))
    }

    /// Carries out the plan and returns the results.
    ///
    /// # Errors
    ///
    /// An error that stops the whole run. A file that fails is in the report.
    pub async fn send(self) -> Result<Report, SyncError> {
        let mut events = self.stream();
        let mut report = Report::default();
        while let Some(event) = events.try_next().await? {
            if let SyncEvent::Finished { report: last } = event {
                report = last;
            }
        }
        Ok(report)
    }
}

async fn run(plan: Plan, events: Emitter<SyncEvent>) -> Result<SyncEvent, SyncError> {
    let mut execution = Execution::new(plan, events);
    execution.all().await?;
    let mut report = execution.report;
    report.bytes_written = execution.plan.ledger.written();
    Ok(SyncEvent::Finished { report })
}

/// A plan that is being carried out.
pub(super) struct Execution {
    pub(super) plan: Plan,
    pub(super) events: Emitter<SyncEvent>,
    pub(super) report: Report,
    /// The assets that were created from here, now or earlier.
    pub(super) created: HashSet<AssetId>,
    /// Files that Webflow refused.
    pub(super) refusals: usize,
    /// Files whose texts were set when they were uploaded.
    pub(super) described: HashSet<String>,
}

impl Execution {
    fn new(mut plan: Plan, events: Emitter<SyncEvent>) -> Self {
        let unchanged = |file: &&Planned| file.action == Action::Unchanged;
        let report = Report {
            unchanged: plan.files.iter().filter(unchanged).count(),
            problems: mem::take(&mut plan.problems),
            held: plan.decision.held.clone(),
            ..Report::default()
        };
        Self {
            report,
            created: plan.ledger.lock.created(),
            refusals: 0,
            described: HashSet::new(),
            events,
            plan,
        }
    }

    async fn all(&mut self) -> Result<(), SyncError> {
        let mut uploads = mem::take(&mut self.plan.files);
        uploads.retain(|file| file.action.is_upload());
        let idle = uploads.is_empty() && self.plan.decision.is_empty();
        if !idle || self.plan.ledger.changed || self.plan.stamps.changed {
            // Fails before anything is sent if nothing can be written.
            self.plan.ledger.begin().await?;
        }
        if !idle {
            let uploaded = self.upload_all(uploads).await;
            // Saved whatever happened: it records which files are on the site.
            let saved = self.plan.ledger.save().await;
            uploaded.and(saved)?;
        }
        let described = mem::take(&mut self.described);
        self.describe(&described).await?;
        self.delete().await?;
        let stamps = mem::take(&mut self.plan.stamps);
        self.plan.ledger.end(stamps).await
    }

    pub(super) fn concurrency(&self) -> usize {
        self.plan.sync.concurrency.unwrap_or(CONCURRENCY)
    }

    /// Deletes what was planned, last of all and only if nothing failed.
    async fn delete(&mut self) -> Result<(), SyncError> {
        let decision = mem::take(&mut self.plan.decision);
        if decision.is_empty() {
            return Ok(());
        }
        if !self.report.failures.is_empty() {
            self.report.held = Some(Held::Failures).filter(|_| !decision.assets.is_empty());
            return Ok(());
        }
        let dir = &self.plan.sync.dir;
        let absent = |path: &str| is_absent(&dir.join(path));
        let assets = delete::confirm(&decision.assets, &self.plan.ledger.lock, absent);
        let forgotten = decision.forgotten.into_iter().filter(|path| absent(path));
        let mut entries: Vec<Entry> = forgotten.map(Entry::Forgotten).collect();
        if assets.is_empty() {
            return self.plan.ledger.record(entries).await;
        }
        let wanted = assets.keys().copied().collect();
        let client = self.plan.sync.client.clone();
        let site = self.plan.site;
        let listing = Listing::of(&client, site, &wanted).await?;
        let listing = listing.with_folders(&client, site).await?;
        let (there, gone): (Vec<_>, Vec<_>) =
            assets.into_iter().partition(|(id, _)| listing.has(*id));
        entries.extend(gone.into_iter().map(|(id, _)| Entry::Deleted(id)));
        self.plan.ledger.record(entries).await?;

        let root = self.plan.ledger.lock.folder.clone();
        let same = there
            .into_iter()
            .filter(|(id, asset)| listing.is(*id, &asset.name, asset.size, &root));
        let mut answers = stream::iter(same)
            .map(|(id, asset)| {
                let request = client.delete_asset().asset_id(id);
                async move { (id, asset.path, request.send().await) }
            })
            .buffer_unordered(self.concurrency());
        while let Some((asset, path, answer)) = answers.next().await {
            match answer {
                Err(error) if error.status() != Some(StatusCode::NOT_FOUND) => {
                    self.report.not_deleted.insert(path, error);
                }
                // The asset is gone, whether this call or another one deleted it.
                _ => {
                    self.plan.ledger.record(vec![Entry::Deleted(asset)]).await?;
                    self.report.deleted += 1;
                    self.events.emit(SyncEvent::Deleted { path, asset }).await;
                }
            }
        }
        Ok(())
    }
}
