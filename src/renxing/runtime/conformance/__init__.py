# SPDX-License-Identifier: Apache-2.0
"""What every backend must do, as checks that anybody can run on theirs."""
