@echo off
rem Installs Authtray for you alone, without an administrator: unpack the zip, and
rem start this in its folder. With /q it does not wait for a key at its end.
rem To update, do the same with the newer zip.
setlocal
set "folder=%LOCALAPPDATA%\Programs\Authtray"
if not exist "%folder%\" mkdir "%folder%"
if not exist "%folder%\" goto failed
if exist "%folder%\authtray.exe" "%folder%\authtray.exe" quit >nul 2>nul
if /i "%~dp0"=="%folder%\" goto copied
for %%f in (authtray.exe authtray-agent.exe authtray-window.exe uninstall.cmd README.md LICENCES.txt) do (
  if exist "%~dp0%%f" copy /y "%~dp0%%f" "%folder%\%%f" >nul
  if errorlevel 1 goto failed
)
:copied
"%folder%\authtray.exe" register
if errorlevel 1 goto failed
"%folder%\authtray.exe" autostart on
if errorlevel 1 goto failed
start "" "%folder%\authtray-agent.exe" run
echo Authtray is installed in %folder%.
echo It starts at login, and is in the Start menu. In a new terminal: authtray status
echo To remove it: Settings, Apps, or uninstall.cmd in that folder.
if not "%~1"=="/q" pause
exit /b 0

:failed
echo Authtray is not installed. Close its window and the programs that use it, then try again.
if not "%~1"=="/q" pause
exit /b 1
