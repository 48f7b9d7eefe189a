//! `sites`: lists the sites that the token may see.

use serde::Serialize;

use crate::command::{
    Exit,
    args::SitesArgs,
    failure::{Failed, Result},
    output, site,
    table::{Column, Table},
};

const COLUMNS: [Column; 3] = [
    Column::left("ID", Some(24)),
    Column::left("SHORT NAME", Some(32)),
    Column::left("NAME", None),
];

#[derive(Serialize)]
struct SiteLine<'a> {
    id: Option<&'a str>,
    short_name: Option<&'a str>,
    display_name: Option<&'a str>,
    last_published: Option<&'a str>,
}

pub(crate) async fn run(args: SitesArgs) -> Result {
    let client = site::client("sites", &args.api)?;
    let failed = |error| Failed::new("the sites were not listed", &error, "sites:read");
    let list = client.list_sites().send().await.map_err(failed)?;
    let sites = list.into_inner().sites.unwrap_or_default();
    if sites.is_empty() {
        output::say("no sites");
    }
    let mut table = Table::new(&COLUMNS);
    for site in &sites {
        let line = SiteLine {
            id: site.id.as_deref(),
            short_name: site.short_name.as_deref(),
            display_name: site.display_name.as_deref(),
            last_published: site.last_published.as_deref(),
        };
        if args.json {
            output::json_line(&line)?;
        } else {
            let cells = [line.id, line.short_name, line.display_name];
            table.row(&cells.map(Option::unwrap_or_default))?;
        }
    }
    Ok(Exit::Success)
}
