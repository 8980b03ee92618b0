// Installs one pinned version of greenlight on the agent, verifies its SHA-256 and returns its folder. Uses no
// network if the agent already has that version.
//   withEnv(['PATH+GREENLIGHT=' + greenlightInstall(version: '0.1.0', url: 'https://...', sha256: '...')]) { ... }
// Optional: folder, by default $HOME/.local/bin.
def call(Map options) {
    def folder = ''
    withEnv([
        'GREENLIGHT_INSTALL_VERSION=' + (options.version ?: ''),
        'GREENLIGHT_INSTALL_URL=' + (options.url ?: ''),
        'GREENLIGHT_INSTALL_SHA256=' + (options.sha256 ?: ''),
        'GREENLIGHT_INSTALL_FOLDER=' + (options.folder ?: ''),
    ]) {
        folder = sh(label: 'Install greenlight', returnStdout: true, script: libraryResource('greenlight/install.sh')).trim()
    }
    return folder
}
