//! Put files on a Webflow site.
