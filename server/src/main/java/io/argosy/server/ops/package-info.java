/**
 * What an operator's tools ask of a process: metrics, is it alive, is it ready. HTTP on a loopback port; started before
 * everything else and stopped after it, so that a start that hangs can be seen. Knows nothing of what it reports.
 */
@NullMarked
package io.argosy.server.ops;

import org.jspecify.annotations.NullMarked;
