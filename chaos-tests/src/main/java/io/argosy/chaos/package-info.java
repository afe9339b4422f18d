/**
 * Real processes, real faults: drives clusters started by {@code scripts/cluster.sh} through the official client and
 * through ours, kills and damages them, and counts what was acknowledged, received and lost.
 */
@NullMarked
package io.argosy.chaos;

import org.jspecify.annotations.NullMarked;
