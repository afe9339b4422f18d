package io.argosy.cli;

/** How results are printed. */
enum OutputFormat {
    /** For people. */
    TABLE,
    /** One document, for programs; of a stream, one per line. */
    JSON,
    /** One document per line and item, for pipes. */
    JSONL,
    /** One document, for people and programs; several are set apart by {@code ---}. */
    YAML
}
