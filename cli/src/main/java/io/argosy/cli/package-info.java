/**
 * {@code argosy}, the one command: a class per command. Everything is printed as a table for people or as JSON or YAML for
 * programs, whose shape has a version; progress and errors go to the error stream.
 *
 * <p>Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nobody reachable, 4 refused by the cluster, 5 done in part.
 *
 * <p>Knows the client library and the admin protocol; of brokers and name servers only how to start them, for {@code
 * argosy dev}, and how to read their files, for {@code argosy log dump}.
 */
@NullMarked
package io.argosy.cli;

import org.jspecify.annotations.NullMarked;
