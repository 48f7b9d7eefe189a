//! Whether an upload registered its asset itself.

use std::time::Duration;

use jiff::Timestamp;
use progenitor_client::ResponseValue;

use crate::{api::retry, generated::types};

/// What an answer proves about when its asset was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// Before the call.
    Older,
    /// In the same second as the call's last attempt, under the name that the call gave.
    Fresh,
    Unknown,
}

impl Age {
    /// Webflow finds an asset by its content and answers with the first one, under the name and
    /// date that it got then. Both dates compared here are of the server's clock, and `Date` cuts
    /// its second off, so that what was registered during the call never looks older.
    pub(super) fn of(
        response: &ResponseValue<types::AssetUpload>,
        name: &str,
        elapsed: Duration,
    ) -> Self {
        // Webflow's servers need not share one clock.
        const SKEW: Duration = Duration::from_secs(2);
        // `createdOn` cuts off what is below it.
        const TICK: Duration = Duration::from_millis(1);

        let first_name = response.original_file_name.as_deref();
        if first_name.is_some_and(|first| first != name) {
            return Self::Older;
        }
        let created = response
            .created_on
            .as_deref()
            .and_then(|text| text.parse::<Timestamp>().ok());
        let answered = retry::server_time(response.headers());
        let (Some(created), Some(answered)) = (created, answered) else {
            return Self::Unknown;
        };
        let age = answered.duration_since(created);
        // A negative age is the second that `Date` cut off.
        let age = Duration::try_from(age).unwrap_or_default();
        if age > elapsed + SKEW {
            Self::Older
        } else if age <= elapsed + TICK && first_name.is_some() {
            Self::Fresh
        } else {
            Self::Unknown
        }
    }
}
