# What ./run, ./check and the other scripts share.  Sourced by bash; $root is
# the source folder.

PATH=$PATH:/usr/sbin:/sbin

# one line for each argument
say()
{
	printf '%s\n' "$@"
}

die()
{
	printf '%s\n' "$*" >&2
	exit 1
}

# What must be here for what, and the Debian package that brings it.  A command,
# a pkg-config module as pc:NAME, or a file.

build_needs='
gcc                  gcc
/usr/include/stdio.h libc6-dev
make                 make
autoreconf           autoconf
automake             automake
pkg-config           pkg-config
pc:fcgi              libfcgi-dev
pc:libcurl           libcurl4-openssl-dev
pc:jansson           libjansson-dev
pc:inih              libinih-dev
pc:libmariadb        libmariadb-dev
pc:libcrypto         libssl-dev
pc:libxcrypt         libcrypt-dev
'
page_needs='
node                 nodejs
npm                  npm
'
run_needs='
mariadbd             mariadb-server-core
mariadb              mariadb-client-core
nginx                nginx
curl                 curl
'
test_needs='
pc:cmocka            libcmocka-dev
openssl              openssl
strace               strace
chromium             chromium
xz                   xz-utils
'

is_here()
{
	case $1 in
	pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
	/*) [ -e "$1" ] ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# missing_packages TABLE…: the packages that would bring what is not here
missing_packages()
{
	printf '%s\n' "$@" | while read -r thing package; do
		[ -z "$thing" ] || is_here "$thing" || echo "$package"
	done | sort -u | tr '\n' ' '
}

# as_root COMMAND…: with root's rights, where they are to be had without asking
as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

may_become_root()
{
	[ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

# Some packages start a service when they are installed.  We want the program,
# not the service, now and at the next boot.
forbid_services()
{
	[ ! -e /usr/sbin/policy-rc.d ] || return 0
	printf '#!/bin/sh\nexit 101\n' |
		as_root tee /usr/sbin/policy-rc.d >/dev/null &&
		as_root chmod 755 /usr/sbin/policy-rc.d &&
		policy_is_ours=yes
}

allow_services()
{
	[ -z "${policy_is_ours:-}" ] || as_root rm -f /usr/sbin/policy-rc.d
	policy_is_ours=
}

apt_install()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
		--no-install-recommends "$@"
}

disable_service()
{
	command -v systemctl >/dev/null || return 0
	as_root systemctl disable "$1" >/dev/null 2>&1 || true
}

# install_missing TABLE…: nothing is done, nor any network used, where all is here
install_missing()
{
	local packages log brings_nginx=
	packages=$(missing_packages "$@")
	[ -n "$packages" ] || return 0
	command -v apt-get >/dev/null ||
		die "Missing here: $packages(these are Debian's names)." \
			"Install them, then start again."
	may_become_root ||
		die "Missing here: $packages
Ask somebody who is root to run:  apt-get install --no-install-recommends $packages"
	say "Installing $packages"
	log=$(mktemp)
	trap allow_services EXIT
	forbid_services
	command -v nginx >/dev/null || brings_nginx=yes
	# shellcheck disable=SC2086 # one word for each package
	if ! apt_install $packages >"$log" 2>&1 &&
		! { as_root apt-get update -q >"$log" 2>&1 &&
			apt_install $packages >>"$log" 2>&1; }
	then
		tail -n 5 "$log" >&2
		die "The packages could not be installed (the whole story: $log)." \
			"Is the network there? Then try again, or install them" \
			"yourself:  apt-get install $packages"
	fi
	[ -z "$brings_nginx" ] || disable_service nginx
	allow_services
	trap - EXIT
	rm -f "$log"
	packages=$(missing_packages "$@")
	[ -z "$packages" ] ||
		die "These are installed, but what they should bring is not here: $packages"
}

# build_in FOLDER CONFIGURE-OPTION…: configure where it is needed, then make
build_in()
{
	local build=$1 log=$1/build.log
	shift
	case $root in
	*[[:space:]\'\"\$\`\&\;\(\)]*)
		die "This folder's name has a character that make cannot take:" \
			"$root. Move it to another." ;;
	esac
	[ ! -e "$root/config.status" ] ||
		die "The source folder itself is configured. Run  make distclean " \
			"there; builds go to folders of their own."
	mkdir -p "$build"
	(
		flock 9
		exec >"$log" 2>&1
		if [ ! -e "$root/configure" ] || [ ! -e "$root/Makefile.in" ]; then
			(cd "$root" && autoreconf -i) || exit 1
		fi
		if [ ! -e "$build/Makefile" ] ||
			[ "$(cat "$build/options" 2>/dev/null)" != "$*" ]; then
			(cd "$build" && "$root/configure" -q "$@") || exit 1
			echo "$*" >"$build/options"
		fi
		make -C "$build" -j "$(nproc)"
	) 9>"$build/lock" || {
		grep -E 'error: |undefined reference|\*\*\*|apt-get' "$log" |
			head -n 20 >&2
		die "It does not build. The whole story: $log"
	}
}

# build_page: where its sources are newer than what was built of them
build_page()
{
	local www=$root/www log=$root/www/.build.log
	page_is_old || return 0
	if ! command -v npm >/dev/null; then
		[ ! -e "$www/dist/index.html" ] ||
			{ say "The page is older than its sources, and npm is not here to build it."
			return 0; }
		die "The page is not built, and npm is not here to build it:" \
			" apt-get install npm"
	fi
	(
		flock 9
		page_is_old || exit 0
		exec >"$log" 2>&1
		cd "$www" || exit 1
		fetch_page_packages && npm run build
	) 9>"$www/.lock" || {
		tail -n 20 "$log" >&2
		die "The page could not be built. (Its packages come from the npm" \
			"registry, so the first time the network must be there.)"
	}
}

# For the page's tests, which need its packages even when it is built.
need_page_packages()
{
	(cd "$root/www" && fetch_page_packages >"$root/www/.build.log" 2>&1) || {
		tail -n 20 "$root/www/.build.log" >&2
		die "The packages of the page could not be fetched. Is the network" \
			"there?"
	}
}

page_is_old()
{
	local www=$root/www
	[ ! -e "$www/dist/index.html" ] || [ -n "$(find "$www/src" "$www/public" \
		"$www/index.html" "$www/vite.config.js" "$www/package.json" \
		"$www/package-lock.json" -newer "$www/dist/index.html" \
		2>/dev/null | head -n 1)" ]
}

# In www: the packages of package-lock.json, when they changed.  A registry's
# mirror may lack optional packages for other systems, and then npm ci takes the
# lock file for stale; npm install keeps to it all the same.
fetch_page_packages()
{
	[ node_modules/.fetched -nt package-lock.json ] && return
	use_new_node || return
	{ npm ci || npm install --no-save; } && touch node_modules/.fetched
}

# In www: an npm that runs on a Node too old for a package leaves that package
# out where it is optional, without a word, and the build misses it later.  So
# where the system's Node is old, the one that package.json names is fetched
# first, and npm runs on it.
use_new_node()
{
	local version
	[ "$(node -p 'parseInt(process.versions.node)')" -lt 22 ] || return 0
	version=$(node -p 'require("./package.json").devDependencies.node')
	[ -x ".node/$version/node_modules/node/bin/node" ] ||
		npm install --no-save --prefix ".node/$version" "node@$version" ||
		return
	PATH=$PWD/.node/$version/node_modules/node/bin:$PATH
}
