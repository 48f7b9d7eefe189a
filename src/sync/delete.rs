//! What is deleted on the site, and what is not.

use std::collections::{BTreeMap, HashSet};

use futures_util::{StreamExt, stream};
use http::StatusCode;

use super::{Action, Locked, SyncEvent, run::Run};

impl Run {
    fn deletes(&self) -> impl Iterator<Item = &str> {
        let planned = self.plan.planned.iter();
        planned
            .filter(|planned| planned.action == Action::Delete)
            .map(|planned| planned.path.as_str())
    }

    pub(super) fn has_deletes(&self) -> bool {
        let replaced = self.plan.deletes() && !self.plan.lock.replaced.is_empty();
        replaced || self.deletes().next().is_some()
    }

    /// Deletes what the lock file says was created from here and no file needs any more.
    pub(super) async fn delete(&mut self) {
        let mut files = self.plan.lock.files.clone();
        let gone: Vec<(String, Locked)> = self
            .deletes()
            .filter_map(|path| files.remove_entry(path))
            .collect();
        let needed: HashSet<&str> = files.values().map(|file| file.asset.as_str()).collect();
        let lock = &mut self.plan.lock;
        lock.replaced
            .retain(|asset, _| !needed.contains(asset.as_str()));
        let mut assets: BTreeMap<String, String> = lock.replaced.clone();
        for (path, file) in gone {
            if file.existing || needed.contains(file.asset.as_str()) {
                lock.files.remove(&path);
            } else {
                assets.insert(file.asset, path);
            }
        }
        self.changed = true;

        let client = self.plan.sync.client.clone();
        let mut answers = stream::iter(assets)
            .map(|(asset, path)| {
                let request = client.delete_asset().asset_id(asset.as_str());
                async move { (asset, path, request.send().await) }
            })
            .buffer_unordered(self.concurrency());
        while let Some((asset, path, answer)) = answers.next().await {
            match answer {
                Err(error) if error.status() != Some(StatusCode::NOT_FOUND) => {
                    self.report.not_deleted.insert(path, error);
                }
                // It is gone, by this call or by somebody else's.
                _ => {
                    let lock = &mut self.plan.lock;
                    lock.replaced.remove(&asset);
                    lock.files.retain(|_, file| file.asset != asset);
                    self.report.deleted += 1;
                    self.changed = true;
                    self.plan.listener.tell(SyncEvent::Deleted {
                        path: &path,
                        asset: &asset,
                    });
                }
            }
        }
    }
}
