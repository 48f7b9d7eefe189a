//! `sites`: lists the sites that the token may see.

use std::io;

use serde::Serialize;

use crate::command::{
    Exit,
    api_error::Failed,
    args::SitesArgs,
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

pub(crate) async fn run(args: SitesArgs) -> io::Result<Exit> {
    let client = match site::client("sites", &args.api) {
        Ok(client) => client,
        Err(error) => return Ok(error.print()),
    };
    let sites = match client.list_sites().send().await {
        Ok(list) => list.into_inner().sites.unwrap_or_default(),
        Err(error) => {
            return Ok(Failed::new("the sites were not listed", &error, "sites:read").print());
        }
    };
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
