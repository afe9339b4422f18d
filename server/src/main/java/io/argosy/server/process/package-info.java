/**
 * What the main methods of all servers share: command line to configuration, exit codes, orderly stop. Owns the shutdown
 * hook of the process; knows nothing of what it starts.
 */
@NullMarked
package io.argosy.server.process;

import org.jspecify.annotations.NullMarked;
