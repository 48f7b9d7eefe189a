//! Keeps alternative texts and display names of assets in step.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use progenitor_client::Error;

use super::{
    error::SyncError,
    events::SyncEvent,
    journal::Entry,
    locked::{AssetTexts, Claims},
    run::Execution,
};
use crate::{
    generated::{Client, types::ApiError},
    id::AssetId,
};

/// What there is to do for the texts of an asset.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// The texts to set.
    pub(crate) set: AssetTexts,
    /// The texts to remember once they are set.
    remember: AssetTexts,
    /// Somebody changed a text on the site, and it stays.
    pub(crate) kept: bool,
}

impl Change {
    /// A text of the site is replaced only if it is the one that was set from here the last time,
    /// or none where none was set.
    pub(crate) fn new(
        there: &AssetTexts,
        wanted: &AssetTexts,
        last: &AssetTexts,
        overwrite: bool,
    ) -> Self {
        let mut change = Self {
            remember: last.clone(),
            ..Self::default()
        };
        let Self {
            set,
            remember,
            kept,
        } = &mut change;
        for (there, wanted, last, set, remember) in [
            (
                &there.alt_text,
                &wanted.alt_text,
                &last.alt_text,
                &mut set.alt_text,
                &mut remember.alt_text,
            ),
            (
                &there.display_name,
                &wanted.display_name,
                &last.display_name,
                &mut set.display_name,
                &mut remember.display_name,
            ),
        ] {
            let Some(text) = wanted else { continue };
            let there = there.as_deref().unwrap_or_default();
            if there != text {
                if !overwrite && last.as_deref().unwrap_or_default() != there {
                    *kept = true;
                    continue;
                }
                *set = Some(text.clone());
            }
            *remember = Some(text.clone());
        }
        change
    }
}

impl AssetTexts {
    /// Sets those of an asset on the site that there are.
    pub(crate) async fn send(
        &self,
        client: &Client,
        asset: AssetId,
    ) -> Result<(), Error<ApiError>> {
        let (alt_text, display_name) = (self.alt_text.clone(), self.display_name.clone());
        let request = client.update_asset().asset_id(asset);
        let request = request.body_map(|body| body.alt_text(alt_text).display_name(display_name));
        request.send().await.map(drop)
    }
}

impl Execution {
    /// Sets the texts of the files but those of which this run has set them, as far as the site has
    /// others. What it has is listed, a request for each hundred assets.
    pub(super) async fn describe(&mut self, done: &HashSet<String>) -> Result<(), SyncError> {
        let (sync, lock) = (&self.plan.sync, &self.plan.ledger.lock);
        let mut wanted = Claims::default();
        let mut pending = false;
        for (path, texts) in &sync.texts {
            let Some(locked) = lock.get(path) else {
                continue;
            };
            if let Some(first) = wanted.conflict(locked.asset, path, texts) {
                // This run may have set the other text.
                pending = true;
                let conflicts = &mut self.report.texts_in_conflict;
                conflicts.insert(path.clone(), first.to_owned());
            } else {
                pending |= !done.contains(path);
            }
        }
        if !pending {
            return Ok(());
        }
        let client = sync.client.clone();
        let mut changes = Vec::new();
        let mut entries = Vec::new();
        let mut assets = client.list_all_assets(self.plan.site).stream();
        let failed = |error| SyncError::list("assets", error);
        while let Some(asset) = assets.try_next().await.map_err(failed)? {
            let id = asset.id.as_ref().and_then(|id| AssetId::try_from(id).ok());
            let Some((id, (path, texts))) = id.and_then(|id| wanted.0.remove_entry(&id)) else {
                continue;
            };
            let last = lock.texts(id).cloned().unwrap_or_default();
            let there = AssetTexts::of(&asset);
            let change = Change::new(&there, &texts, &last, sync.overwrite_texts);
            if change.set.is_empty() && change.remember != last {
                entries.push(Entry::Texts(id, change.remember.clone()));
            }
            if change.kept || !change.set.is_empty() {
                changes.push((id, path, change));
            }
        }
        if !entries.is_empty() || changes.iter().any(|(.., change)| !change.set.is_empty()) {
            self.plan.ledger.begin().await?;
        }
        self.plan.ledger.record(entries).await?;
        let mut sent = stream::iter(changes)
            .map(|(asset, path, change)| {
                let client = client.clone();
                async move {
                    let set = if change.set.is_empty() {
                        Ok(())
                    } else {
                        change.set.send(&client, asset).await
                    };
                    (asset, path, change, set.err())
                }
            })
            .buffered(self.concurrency());
        while let Some((asset, path, change, error)) = sent.next().await {
            if let Some(error) = error {
                let is_refused = error.status() == Some(StatusCode::UNAUTHORIZED);
                self.report.not_described.insert(path, error);
                if is_refused {
                    break;
                }
                continue;
            }
            if !change.set.is_empty() {
                let entry = Entry::Texts(asset, change.remember);
                self.plan.ledger.record(vec![entry]).await?;
            }
            let kept = change.kept;
            if kept {
                self.report.texts_kept += 1;
            } else {
                self.report.described += 1;
            }
            let event = SyncEvent::Described { path, asset, kept };
            self.events.emit(event).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::types::Asset;

    fn alt(text: &str) -> AssetTexts {
        AssetTexts {
            alt_text: Some(text.to_owned()).filter(|text| !text.is_empty()),
            display_name: None,
        }
    }

    #[test]
    fn a_text_is_replaced_only_if_nobody_changed_it_on_the_site() {
        // On the site, wanted, set the last time; what is set, whether the other is kept.
        for (there, wanted, last, set, kept) in [
            ("", "A", "", "A", false),
            ("A", "A", "", "", false),
            ("A", "B", "A", "B", false),
            ("by hand", "A", "", "", true),
            ("by hand", "A", "A", "", true),
            ("by hand", "B", "A", "", true),
            ("B", "B", "A", "", false),
            // Somebody took the text away.
            ("", "A", "A", "", true),
        ] {
            let case = format!("{there:?} {wanted:?} {last:?}");
            let change = Change::new(&alt(there), &alt(wanted), &alt(last), false);
            assert_eq!((change.set, change.kept), (alt(set), kept), "{case}");
            let remember = if kept { last } else { wanted };
            assert_eq!(change.remember, alt(remember), "{case}");

            let change = Change::new(&alt(there), &alt(wanted), &alt(last), true);
            assert!(!change.kept && change.remember == alt(wanted), "{case}");
        }
    }

    #[test]
    fn a_display_name_that_was_never_set_is_none() {
        let mut asset = Asset {
            original_file_name: Some("a.png".to_owned()),
            display_name: Some("a.png".to_owned()),
            alt_text: Some(" ".to_owned()),
            ..Asset::default()
        };
        assert!(AssetTexts::of(&asset).is_empty());
        asset.id = Some("580e63e98c9a982ac9b8b741".to_owned());
        asset.display_name = Some("580e63e98c9a982ac9b8b741_a.png".to_owned());
        assert!(AssetTexts::of(&asset).is_empty());
        asset.display_name = Some("A".to_owned());
        assert_eq!(AssetTexts::of(&asset).display_name.as_deref(), Some("A"));
    }
}
